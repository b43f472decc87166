package io.tollstream.channels.evm;

import static io.tollstream.channels.evm.LocalEscrow.ok;
import static io.tollstream.channels.evm.LocalEscrow.refusal;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tollstream.channels.Address;
import io.tollstream.channels.Channel;
import io.tollstream.channels.Funding;
import io.tollstream.channels.Hex;
import io.tollstream.channels.PaymentAction;
import io.tollstream.channels.PaymentAction.Open;
import io.tollstream.channels.PaymentAction.TopUp;
import io.tollstream.channels.Refusal;
import io.tollstream.channels.Result;
import io.tollstream.channels.Signature;
import io.tollstream.metering.Amount;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Payers who try to make the gateway burn gas on their deposits, on a real chain. */
final class GriefingTest {
  private static final Amount DEPOSIT = Amount.of(1_000_000);
  private static final long HOUR = 3_600;

  /** A high one puts a transaction before all others of its block. */
  private static final String TIP = "0x174876e800";

  /** JUMPDEST PUSH1 0 JUMP: burns all the gas there is. */
  private static final String BURNS = "0x5b600056";

  /** PUSH1 0 PUSH1 0 REVERT. */
  private static final String REVERTS = "0x60006000fd";

  private final LocalEscrow local = LocalEscrow.start();
  private final EvmChain chain = new EvmChain(local.escrow, local.payee);
  private final EvmWallet wallet = new EvmWallet(local.escrow, local.payer);

  @BeforeEach
  void fundAnother() {
    send(
        local.payer.address(),
        Call.of(
            local.token,
            Abi.function(
                "transfer",
                Abi.address(local.anvil.account(2).address()),
                Abi.uint256(BigInteger.valueOf(10_000_000)))));
  }

  @AfterEach
  void stop() {
    chain.close();
    wallet.close();
    local.close();
  }

  // ---- Authorizations that are worth nothing any more ----

  @Test
  void topUp_usedBefore_costsNothing() {
    TopUp topUp = authorizedTopUp(ok(submit(authorized())));
    ok(submit(topUp));
    assertFree(
        () ->
            assertEquals(
                new Refusal.TransactionReverted("AuthorizationAlreadyUsed"),
                refusal(submit(topUp))));
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void open_cancelledBeforeItIsSent_costsNothing(boolean mined) {
    Open open = authorized();
    local.anvil.setAutomine(mined);
    send(local.payer.address(), cancel((Funding.Eip3009) open.funding()));
    assertFree(
        () ->
            assertEquals(
                new Refusal.TransactionReverted("AuthorizationAlreadyUsed"),
                refusal(submit(open))));
  }

  @Test
  void open_payerSendsItItself_costsNothing() {
    Open open = authorized();
    local.anvil.setAutomine(false);
    send(local.payer.address(), direct(open));
    assertFree(
        () ->
            assertEquals(
                new Refusal.TransactionReverted("ChannelAlreadyExists"), refusal(submit(open))));
  }

  @Test
  void open_aboutToExpire_costsNothing() {
    Open open = ok(wallet.authorizeOpen(payee(), local.token, DEPOSIT, Amount.ZERO, 60));
    assertFree(() -> assertMalformed("authorization.validBefore", submit(open)));
  }

  @Test
  void open_signedForAnotherTokensDomain_costsNothing() {
    Funding.Eip3009 f = (Funding.Eip3009) authorized().funding();
    byte[] elsewhere = Eip712.domain("Other USD", "1", Anvil.CHAIN_ID, local.token);
    Signature signature = local.payer.sign(Eip3009.digest(elsewhere, f));
    Open open = authorized();
    Funding.Eip3009 own = (Funding.Eip3009) open.funding();
    Funding wrong =
        new Funding.Eip3009(
            own.from(),
            own.to(),
            own.value(),
            own.validAfter(),
            own.validBefore(),
            own.nonce(),
            signature);
    assertFree(
        () -> assertInstanceOf(Refusal.SignerMismatch.class, refusal(submit(funded(open, wrong)))));
  }

  // ---- Code that burns gas ----

  @ParameterizedTest
  @ValueSource(strings = {BURNS, REVERTS})
  void open_tokenTurnsHostile_costsNothing(String code) {
    ok(submit(authorized()));
    Open open = authorized();
    local.anvil.setCode(local.token, code);
    assertFree(() -> refusal(submit(open)));
  }

  @ParameterizedTest
  @ValueSource(strings = {BURNS, REVERTS})
  void open_payerHasCode_costsNothing(String code) {
    Open open = authorized();
    local.anvil.setCode(local.payer.address(), code);
    assertFree(() -> assertMalformed("type", submit(open)));
  }

  // ---- What cannot be foreseen is bounded ----

  @Test
  void open_moneyMovedAwayAfterSending_isPaidForTwiceAndNotAgain() {
    long before = sent();
    for (int i = 0; i < RelayBudget.MAX_LOSSES_EACH; i++) {
      assertInstanceOf(
          Refusal.InsufficientBalance.class, refusal(outrun(authorized(), moveAway())));
      bringBack();
    }
    assertEquals(RelayBudget.MAX_LOSSES_EACH, sent() - before);
    Open third = authorized();
    assertFree(() -> assertInstanceOf(Refusal.Unavailable.class, refusal(submit(third))));
    assertEquals(DEPOSIT, ok(submit(authorizedByAnother())).deposit());
  }

  @Test
  void open_payerOutrunsUs_countsAsLostThoughTheChannelIsThere() {
    for (int i = 0; i < RelayBudget.MAX_LOSSES_EACH; i++) {
      Open open = authorized();
      assertEquals(
          new Refusal.TransactionReverted("ChannelAlreadyExists"),
          refusal(outrun(open, direct(open))));
      assertFree(() -> assertEquals(DEPOSIT, ok(submit(open)).deposit()));
    }
    Open third = authorized();
    assertFree(() -> assertInstanceOf(Refusal.Unavailable.class, refusal(submit(third))));
  }

  @Test
  void open_sameAuthorizationTwentyTimesAtOnce_isSentOnce() {
    long before = sent();
    Open open = authorized();
    List<CompletionStage<Result<Channel>>> answers = new ArrayList<>();
    local.anvil.setAutomine(false);
    for (int i = 0; i < 20; i++) {
      answers.add(submit(open));
    }
    untilPending(1);
    local.anvil.mine(1);
    local.anvil.setAutomine(true);
    for (CompletionStage<Result<Channel>> answer : answers) {
      // Whoever comes to be sent only after that block is told so.
      if (LocalEscrow.await(answer) instanceof Result.Ok<Channel> opened) {
        assertEquals(open.channelId(), opened.value().id());
      } else {
        assertEquals(new Refusal.TransactionReverted("ChannelAlreadyExists"), refusal(answer));
      }
    }
    assertEquals(1, sent() - before);
    assertFree(() -> assertEquals(DEPOSIT, ok(submit(open)).deposit()));
  }

  @Test
  void open_manyOfOnePayerAtOnce_onlySomeAreSent() {
    List<CompletionStage<Result<Channel>>> answers = new ArrayList<>();
    List<Open> opens = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      opens.add(authorized());
    }
    long before = sent();
    local.anvil.setAutomine(false);
    opens.forEach(open -> answers.add(submit(open)));
    untilPending(RelayBudget.MAX_UNDER_WAY_EACH);
    long refused =
        answers.stream()
            .filter(answer -> answer.toCompletableFuture().isDone())
            .map(answer -> refusal(answer))
            .filter(Refusal.Unavailable.class::isInstance)
            .count();
    assertEquals(10 - RelayBudget.MAX_UNDER_WAY_EACH, refused);
    local.anvil.mine(1);
    local.anvil.setAutomine(true);
    long opened =
        answers.stream().filter(a -> LocalEscrow.await(a) instanceof Result.Ok<?>).count();
    assertEquals(RelayBudget.MAX_UNDER_WAY_EACH, opened);
    assertEquals(RelayBudget.MAX_UNDER_WAY_EACH, sent() - before);
    assertEquals(DEPOSIT, ok(submit(authorized())).deposit());
  }

  // ---- The attackers' tools ----

  /** Has a deposit sent, and a transaction of its payer mined before it in the same block. */
  private CompletionStage<Result<Channel>> outrun(Open open, Call first) {
    local.anvil.setAutomine(false);
    CompletionStage<Result<Channel>> answer = submit(open);
    untilPending(1);
    send(local.payer.address(), first);
    local.anvil.mine(1);
    local.anvil.setAutomine(true);
    return answer;
  }

  private Call moveAway() {
    return transfer(local.anvil.account(3).address());
  }

  private void bringBack() {
    send(local.anvil.account(3).address(), transfer(local.payer.address()));
  }

  private Call transfer(Address to) {
    BigInteger most = BigInteger.valueOf(989_500_000);
    return Call.of(local.token, Abi.function("transfer", Abi.address(to), Abi.uint256(most)));
  }

  private Call direct(Open open) {
    return new EscrowCalls(local.escrow.contract())
        .openWithAuthorization(
            Opening.of(open, payee(), local.token), (Funding.Eip3009) open.funding());
  }

  private Call cancel(Funding.Eip3009 authorization) {
    byte[] nonce = Hex.decode(authorization.nonce(), 32);
    byte[] type = Keccak.hash("CancelAuthorization(address authorizer,bytes32 nonce)");
    byte[] struct = new Words(3).put(type).put(authorization.from()).put(nonce).hash();
    byte[] domain = Eip712.domain("Test USD", "1", Anvil.CHAIN_ID, local.token);
    byte[] signature = local.payer.sign(Eip712.digest(domain, struct)).bytes();
    return Call.of(
        local.token,
        Abi.function(
            "cancelAuthorization",
            Abi.address(authorization.from()),
            Abi.bytes32(nonce),
            Abi.bytes(signature)));
  }

  private void send(Address from, Call call) {
    Map<String, Object> transaction = new HashMap<>();
    transaction.put("from", from.hex());
    transaction.put("to", String.valueOf(call.to()));
    transaction.put("data", call.data());
    transaction.put("gas", "0x4c4b40");
    transaction.put("maxFeePerGas", "0x2e90edd000");
    transaction.put("maxPriorityFeePerGas", TIP);
    local.anvil.rpc("eth_sendTransaction", transaction);
  }

  private void untilPending(int transactions) {
    String wanted = "0x" + Integer.toHexString(transactions);
    long end = System.nanoTime() + 20_000_000_000L;
    while (!local.anvil.rpc("txpool_status").path("pending").asText().equals(wanted)) {
      assertTrue(System.nanoTime() < end, "nothing was sent");
      Thread.onSpinWait();
    }
  }

  // ---- The gateway ----

  private Address payee() {
    return local.payee.address();
  }

  private Open authorized() {
    return ok(wallet.authorizeOpen(payee(), local.token, DEPOSIT, Amount.ZERO, HOUR));
  }

  private Open authorizedByAnother() {
    try (EvmWallet another = new EvmWallet(local.escrow, local.anvil.account(2))) {
      return ok(another.authorizeOpen(payee(), local.token, DEPOSIT, Amount.ZERO, HOUR));
    }
  }

  private TopUp authorizedTopUp(Channel channel) {
    return ok(wallet.authorizeTopUp(channel, DEPOSIT, HOUR));
  }

  private static Open funded(Open open, Funding funding) {
    return new Open(
        open.channelId(), funding, open.salt(), open.authorizedSigner(), open.voucher());
  }

  private CompletionStage<Result<Channel>> submit(PaymentAction.Deposit deposit) {
    return chain.submit(deposit, payee(), local.token);
  }

  /** Neither a transaction nor a unit of gas. */
  private void assertFree(Runnable attack) {
    String before = balance();
    attack.run();
    local.anvil.mine(1);
    assertEquals(before, balance());
  }

  private void assertMalformed(String field, CompletionStage<Result<Channel>> answer) {
    assertEquals(field, assertInstanceOf(Refusal.Malformed.class, refusal(answer)).field());
  }

  private String balance() {
    return local.anvil.rpc("eth_getBalance", payee().hex(), "latest").asText();
  }

  private long sent() {
    String count = local.anvil.rpc("eth_getTransactionCount", payee().hex(), "latest").asText();
    return Long.decode(count);
  }
}
