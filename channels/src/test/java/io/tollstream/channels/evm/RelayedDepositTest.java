package io.tollstream.channels.evm;

import static io.tollstream.channels.evm.LocalEscrow.ok;
import static io.tollstream.channels.evm.LocalEscrow.refusal;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import io.tollstream.channels.Address;
import io.tollstream.channels.Channel;
import io.tollstream.channels.ChannelId;
import io.tollstream.channels.Funding;
import io.tollstream.channels.Hex;
import io.tollstream.channels.PaymentAction;
import io.tollstream.channels.Refusal;
import io.tollstream.channels.Result;
import io.tollstream.channels.Signature;
import io.tollstream.channels.Terms;
import io.tollstream.metering.Amount;
import java.math.BigInteger;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** Deposits that the payer only signs, on a real chain, with the real Permit2. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class RelayedDepositTest {
  private static final Amount DEPOSIT = Amount.of(1_000_000);
  private static final Signature UNSIGNED = Signature.of(new byte[Signature.LENGTH]);
  private static final long LIFETIME_SECONDS = 600;

  private final LocalEscrow local = LocalEscrow.start();
  private final EvmChain chain = new EvmChain(local.escrow, local.payee);
  private final EvmSession session = new EvmSession(local.escrow.domainName(), chain, true);
  private final EvmWallet wallet = new EvmWallet(local.escrow, local.payer);
  private final Address payee = local.payee.address();
  private int salts;

  @AfterAll
  void stop() {
    chain.close();
    wallet.close();
    local.close();
  }

  private PaymentAction.Open authorized() {
    return ok(wallet.authorizeOpen(payee, local.token, DEPOSIT, Amount.of(7), LIFETIME_SECONDS));
  }

  @Test
  void submit_authorizedOpenThenTopUp_fundsTheChannel() {
    PaymentAction.Open open = authorized();
    Terms terms = new Terms(local.escrow.escrow(), payee, local.token, Amount.of(1));
    assertInstanceOf(Result.Ok.class, session.checkId(open, terms));
    Channel channel = ok(chain.submit(open, payee, local.token));
    assertEquals(local.payer.address(), channel.payer());
    assertEquals(DEPOSIT, channel.deposit());
    assertEquals(open.voucher(), ok(session.verify(open.voucher(), channel)));

    PaymentAction.TopUp topUp = ok(wallet.authorizeTopUp(channel, Amount.of(50), LIFETIME_SECONDS));
    assertEquals(
        DEPOSIT.plus(Amount.of(50)), ok(chain.submit(topUp, payee, local.token)).deposit());
    assertEquals(
        new Refusal.TransactionReverted("AuthorizationAlreadyUsed"),
        refusal(chain.submit(topUp, payee, local.token)));
  }

  @Test
  void submit_openOfAChannelThatExists_answersWithItAndSendsNothing() {
    PaymentAction.Open open = authorized();
    Channel opened = ok(chain.submit(open, payee, local.token));
    Amount left = ok(wallet.balance(local.token));
    assertEquals(opened, ok(chain.submit(open, payee, local.token)));
    assertEquals(left, ok(wallet.balance(local.token)));
  }

  @Test
  void submit_authorizationSpoilt_isRefusedBeforeAnyGasIsSpent() {
    PaymentAction.Open open = authorized();
    BigInteger past = BigInteger.valueOf(1_700_000_000);
    BigInteger future = BigInteger.valueOf(4_000_000_000L);
    assertMalformed("authorization.to", with(open, f -> change(f, payee, f.validBefore())));
    assertMalformed("authorization.validBefore", with(open, f -> change(f, f.to(), past)));
    assertMalformed("authorization.validAfter", with(open, f -> after(f, future)));
    assertMalformed("authorization.nonce", with(open, f -> nonce(f, "0x" + "00".repeat(32))));
    assertInstanceOf(
        Refusal.SignerMismatch.class,
        submitRefusal(with(open, f -> change(f, f.to(), f.validBefore().add(BigInteger.ONE)))));
    assertEquals(
        new Refusal.InvalidSignature(), submitRefusal(with(open, f -> signed(f, UNSIGNED))));
  }

  @Test
  void submit_forAnotherPayeeThanWasSigned_isRefused() {
    PaymentAction.Open open = authorized();
    Refusal refusal = refusal(chain.submit(open, local.payer.address(), local.token));
    assertEquals("channelId", assertInstanceOf(Refusal.Malformed.class, refusal).field());
  }

  @Test
  void submit_moreThanThePayerHas_isRefused() {
    Amount balance = ok(wallet.balance(local.token));
    Amount more = balance.plus(Amount.of(1));
    PaymentAction.Open open =
        ok(wallet.authorizeOpen(payee, local.token, more, Amount.ZERO, LIFETIME_SECONDS));
    assertEquals(new Refusal.InsufficientBalance(more, balance), submitRefusal(open));
  }

  @Test
  void submit_tokenWithoutEip3009_isRefused() {
    for (Address token : new Address[] {local.escrow.contract(), payee, Address.ZERO}) {
      Refusal refusal =
          refusal(wallet.authorizeOpen(payee, token, DEPOSIT, Amount.ZERO, LIFETIME_SECONDS));
      assertEquals("currency", assertInstanceOf(Refusal.Malformed.class, refusal).field());
    }
  }

  @Test
  void submit_permit2OpenThenTopUp_fundsTheChannel() {
    local.anvil.installPermit2();
    approvePermit2();
    PaymentAction.Open open = permitOpen(payee, BigInteger.ONE);
    Channel channel = ok(chain.submit(open, payee, local.token));
    assertEquals(DEPOSIT, channel.deposit());

    PaymentAction.TopUp topUp = permitTopUp(channel.id(), channel.id(), BigInteger.TWO);
    assertEquals(DEPOSIT.plus(DEPOSIT), ok(chain.submit(topUp, payee, local.token)).deposit());
    assertEquals(
        new Refusal.TransactionReverted("InvalidNonce"),
        refusal(chain.submit(topUp, payee, local.token)));
  }

  @Test
  void submit_permit2SignedForAnotherChannel_isRefusedBeforeAnyGasIsSpent() {
    Channel channel = ok(chain.submit(authorized(), payee, local.token));
    PaymentAction.TopUp elsewhere =
        permitTopUp(channel.id(), ChannelId.of(new byte[32]), BigInteger.TEN);
    assertInstanceOf(
        Refusal.SignerMismatch.class, refusal(chain.submit(elsewhere, payee, local.token)));
    PaymentAction.Open otherPayee = permitOpen(local.payer.address(), BigInteger.TEN);
    assertMalformed("channelId", otherPayee);
  }

  private Permit2 permit2() {
    return new Permit2(Deployer.PERMIT2, local.escrow.escrow());
  }

  private void approvePermit2() {
    try (Rpc rpc = new Rpc(local.escrow.network());
        Workers workers = new Workers("test", 1);
        OwnTransactions transactions =
            new OwnTransactions(local.escrow.network(), new Node(rpc), workers, local.payer)) {
      ok(
          transactions.execute(
              TokenCalls.approve(local.token, Deployer.PERMIT2, Amount.MAX),
              new Reverts.Attempt(ChannelId.of(new byte[32]), Amount.ZERO, Amount.ZERO),
              receipt -> Result.ok(true)));
    }
  }

  private PaymentAction.Open permitOpen(Address signedPayee, BigInteger nonce) {
    String salt = Hex.encode(Keccak.hash("salt " + ++salts));
    Opening opening =
        new Opening(local.payer.address(), signedPayee, local.token, salt, Address.ZERO);
    Funding.Permit2 unsigned = permit(nonce, UNSIGNED);
    Signature signature = local.payer.sign(permit2().openDigest(unsigned, opening));
    ChannelId id = opening.channelId(local.escrow.escrow());
    return new PaymentAction.Open(
        id, permit(nonce, signature), salt, Address.ZERO, wallet.sign(id, Amount.ZERO));
  }

  private PaymentAction.TopUp permitTopUp(ChannelId id, ChannelId signedFor, BigInteger nonce) {
    byte[] digest = permit2().topUpDigest(permit(nonce, UNSIGNED), signedFor);
    return new PaymentAction.TopUp(id, permit(nonce, local.payer.sign(digest)), null, DEPOSIT);
  }

  private Funding.Permit2 permit(BigInteger nonce, Signature signature) {
    BigInteger deadline = BigInteger.valueOf(4_000_000_000L);
    return new Funding.Permit2(
        local.payer.address(), local.token, DEPOSIT, nonce, deadline, signature);
  }

  private Refusal submitRefusal(PaymentAction.Open open) {
    return refusal(chain.submit(open, payee, local.token));
  }

  private void assertMalformed(String field, PaymentAction.Open open) {
    assertEquals(field, assertInstanceOf(Refusal.Malformed.class, submitRefusal(open)).field());
  }

  private static PaymentAction.Open with(
      PaymentAction.Open open, UnaryOperator<Funding.Eip3009> change) {
    Funding funding = change.apply((Funding.Eip3009) open.funding());
    return new PaymentAction.Open(
        open.channelId(), funding, open.salt(), open.authorizedSigner(), open.voucher());
  }

  private static Funding.Eip3009 change(Funding.Eip3009 f, Address to, BigInteger validBefore) {
    return new Funding.Eip3009(
        f.from(), to, f.value(), f.validAfter(), validBefore, f.nonce(), f.signature());
  }

  private static Funding.Eip3009 after(Funding.Eip3009 f, BigInteger validAfter) {
    return new Funding.Eip3009(
        f.from(), f.to(), f.value(), validAfter, f.validBefore(), f.nonce(), f.signature());
  }

  private static Funding.Eip3009 nonce(Funding.Eip3009 f, String nonce) {
    return new Funding.Eip3009(
        f.from(), f.to(), f.value(), f.validAfter(), f.validBefore(), nonce, f.signature());
  }

  private static Funding.Eip3009 signed(Funding.Eip3009 f, Signature signature) {
    return new Funding.Eip3009(
        f.from(), f.to(), f.value(), f.validAfter(), f.validBefore(), f.nonce(), signature);
  }
}
