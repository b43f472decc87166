package io.tollstream.channels.evm;

import static io.tollstream.channels.evm.LocalEscrow.ok;
import static io.tollstream.channels.evm.LocalEscrow.refusal;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tollstream.channels.Address;
import io.tollstream.channels.Channel;
import io.tollstream.channels.ChannelId;
import io.tollstream.channels.Refusal;
import io.tollstream.channels.Result;
import io.tollstream.channels.Voucher;
import io.tollstream.channels.evm.Reverts.Attempt;
import io.tollstream.metering.Amount;
import java.math.BigInteger;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Vouchers that the payee's key only authorizes and another key redeems, on a real chain. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class RelayedRedemptionTest {
  private static final Amount DEPOSIT = Amount.of(1_000_000);
  private static final BigInteger NEVER = BigInteger.valueOf(4_000_000_000L);
  private static final BigInteger PAST = BigInteger.valueOf(1_700_000_000);

  private final LocalEscrow local = LocalEscrow.start();
  private final EvmWallet wallet = new EvmWallet(local.escrow, local.payer);
  private final LocalSigner relayer = local.anvil.account(2);
  private final Rpc rpc = new Rpc(local.escrow.network());
  private final Node node = new Node(rpc);
  private final Workers workers = new Workers("test", 2);
  private final OwnTransactions relayed =
      new OwnTransactions(local.escrow.network(), node, workers, relayer);
  private final EscrowCalls calls = new EscrowCalls(local.escrow.contract());
  private final Eip712 digests = new Eip712(local.escrow.domainName(), local.escrow.escrow());
  private final PayeeAuthorizer payee = new PayeeAuthorizer(digests, local.payee);

  @AfterAll
  void stop() {
    relayed.close();
    workers.close();
    rpc.close();
    wallet.close();
    local.close();
  }

  private ChannelId open(Address token) {
    return ok(wallet.open(local.payee.address(), token, DEPOSIT)).channel().id();
  }

  private CompletionStage<Result<Boolean>> send(Call call, ChannelId id) {
    return relayed.execute(call, new Attempt(id, Amount.ZERO, DEPOSIT), receipt -> Result.ok(true));
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void redeem_settleThenClose_paysThePayeeAtTheRelayersExpense(boolean isNative) throws RpcFailure {
    Address token = isNative ? Address.ZERO : local.token;
    ChannelId id = open(token);
    Amount payeeBefore = node.balance(token, local.payee.address());
    Amount payeeCoin = node.balance(Address.ZERO, local.payee.address());
    Amount relayerCoin = node.balance(Address.ZERO, relayer.address());

    Voucher first = wallet.sign(id, Amount.of(300));
    PayeeAuthorization settle = payee.settle(id, first.cumulative(), BigInteger.ZERO, NEVER);
    ok(send(calls.settleWithAuthorization(first, settle), id));
    assertEquals(Amount.of(300), ok(wallet.read(id)).settled());

    Voucher last = wallet.sign(id, Amount.of(700));
    PayeeAuthorization close = payee.close(id, last.cumulative(), BigInteger.ONE, NEVER);
    ok(send(calls.closeWithAuthorization(last, close), id));
    Channel closed = ok(wallet.read(id));
    assertTrue(closed.finalized());
    assertEquals(Amount.of(700), closed.settled());

    assertEquals(payeeBefore.plus(Amount.of(700)), node.balance(token, local.payee.address()));
    if (!isNative) {
      assertEquals(payeeCoin, node.balance(Address.ZERO, local.payee.address()));
    }
    assertTrue(relayerCoin.exceeds(node.balance(Address.ZERO, relayer.address())));
  }

  @Test
  void closeWithAuthorization_nothingToRedeem_refundsEverything() {
    ChannelId id = open(local.token);
    PayeeAuthorization close = payee.close(id, Amount.ZERO, BigInteger.ZERO, NEVER);
    ok(send(calls.closeWithAuthorization(id, close), id));
    Channel closed = ok(wallet.read(id));
    assertTrue(closed.finalized());
    assertEquals(Amount.ZERO, closed.settled());
  }

  @Test
  void settleWithAuthorization_nonceUsedOrDeadlinePassed_isRefused() {
    ChannelId id = open(local.token);
    Voucher voucher = wallet.sign(id, Amount.of(10));
    PayeeAuthorization used = payee.settle(id, voucher.cumulative(), BigInteger.TEN, NEVER);
    ok(send(calls.settleWithAuthorization(voucher, used), id));
    assertEquals(
        new Refusal.TransactionReverted("NonceAlreadyUsed"),
        refusal(send(calls.settleWithAuthorization(voucher, used), id)));
    Voucher next = wallet.sign(id, Amount.of(20));
    PayeeAuthorization late = payee.settle(id, next.cumulative(), BigInteger.TWO, PAST);
    assertEquals(
        new Refusal.TransactionReverted("AuthorizationExpired"),
        refusal(send(calls.settleWithAuthorization(next, late), id)));
  }

  @Test
  void redeem_authorizedForSomethingElse_isRefused() {
    ChannelId id = open(local.token);
    Voucher voucher = wallet.sign(id, Amount.of(10));
    PayeeAuthorization close = payee.close(id, voucher.cumulative(), BigInteger.ZERO, NEVER);
    PayeeAuthorization less = payee.settle(id, Amount.of(9), BigInteger.ZERO, NEVER);
    PayeeAuthorization notThePayees =
        new PayeeAuthorizer(digests, relayer)
            .settle(id, voucher.cumulative(), BigInteger.ZERO, NEVER);
    for (PayeeAuthorization wrong : new PayeeAuthorization[] {close, less, notThePayees}) {
      assertEquals(
          new Refusal.InvalidSignature(),
          refusal(send(calls.settleWithAuthorization(voucher, wrong), id)));
    }
    assertEquals(Amount.ZERO, ok(wallet.read(id)).settled());
  }
}
