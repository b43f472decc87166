package io.tollstream.channels.evm;

import static io.tollstream.channels.evm.LocalEscrow.ok;
import static io.tollstream.channels.evm.LocalEscrow.refusal;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.tollstream.channels.Address;
import io.tollstream.channels.Channel;
import io.tollstream.channels.ChannelId;
import io.tollstream.channels.Refusal;
import io.tollstream.channels.Result;
import io.tollstream.channels.Signature;
import io.tollstream.channels.Voucher;
import io.tollstream.channels.evm.Reverts.Attempt;
import io.tollstream.metering.Amount;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.web3j.protocol.core.methods.response.TransactionReceipt;

/** Many channels settled by one transaction, on a real chain. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class BatchSettlementTest {
  private static final Amount DEPOSIT = Amount.of(1_000_000);
  private static final Signature NOBODYS = Signature.of(new byte[Signature.LENGTH]);
  private static final Attempt NO_CHANNEL =
      new Attempt(ChannelId.of(new byte[32]), Amount.ZERO, Amount.ZERO);

  private final LocalEscrow local = LocalEscrow.start();
  private final EvmWallet wallet = new EvmWallet(local.escrow, local.payer);
  private final Rpc rpc = new Rpc(local.escrow.network());
  private final Workers workers = new Workers("test", 2);
  private final OwnTransactions payee =
      new OwnTransactions(local.escrow.network(), new Node(rpc), workers, local.payee);
  private final EscrowCalls calls = new EscrowCalls(local.escrow.contract());
  private final EscrowEvents events = new EscrowEvents(local.escrow.contract());

  @AfterAll
  void stop() {
    payee.close();
    workers.close();
    rpc.close();
    wallet.close();
    local.close();
  }

  private ChannelId open(Address token) {
    return ok(wallet.open(local.payee.address(), token, DEPOSIT)).channel().id();
  }

  private CompletionStage<Result<TransactionReceipt>> settle(
      Address token, List<Voucher> vouchers) {
    return payee.execute(calls.settleMany(token, vouchers), NO_CHANNEL, Result::ok);
  }

  private Amount settled(ChannelId id) {
    Channel channel = ok(wallet.read(id));
    return channel.settled();
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void settleMany_goodVouchers_settlesEach(boolean isNative) {
    Address token = isNative ? Address.ZERO : local.token;
    ChannelId first = open(token);
    ChannelId second = open(token);
    List<Voucher> vouchers =
        List.of(wallet.sign(first, Amount.of(7)), wallet.sign(second, Amount.of(11)));
    TransactionReceipt receipt = ok(settle(token, vouchers));
    assertEquals(Map.of(first, Amount.of(7), second, Amount.of(11)), events.settled(receipt));
    assertEquals(Map.of(), events.leftOut(receipt));
    assertEquals(Amount.of(7), settled(first));
    assertEquals(Amount.of(11), settled(second));
  }

  @Test
  void settleMany_sameChannelTwice_tellsTheLaterAmount() {
    ChannelId id = open(local.token);
    List<Voucher> vouchers = List.of(wallet.sign(id, Amount.of(3)), wallet.sign(id, Amount.of(8)));
    TransactionReceipt receipt = ok(settle(local.token, vouchers));
    assertEquals(Map.of(id, Amount.of(8)), events.settled(receipt));
  }

  @Test
  void settleMany_badVouchersBetween_leavesThemOutAndSaysWhy() {
    ChannelId good = open(local.token);
    ChannelId coin = open(Address.ZERO);
    ChannelId forged = open(local.token);
    ChannelId dear = open(local.token);
    ChannelId unknown = ChannelId.of(Keccak.hash("no such channel"));
    List<Voucher> vouchers =
        List.of(
            new Voucher(forged, Amount.of(1), NOBODYS),
            wallet.sign(coin, Amount.of(1)),
            wallet.sign(good, Amount.of(5)),
            wallet.sign(dear, DEPOSIT.plus(Amount.of(1))),
            wallet.sign(unknown, Amount.of(1)));
    TransactionReceipt receipt = ok(settle(local.token, vouchers));
    assertEquals(Map.of(good, Amount.of(5)), events.settled(receipt));
    Map<ChannelId, String> leftOut =
        Map.of(
            forged, "InvalidSignature",
            coin, "TokenMismatch",
            dear, "AmountExceedsDeposit",
            unknown, "ChannelNotFound");
    assertEquals(leftOut, events.leftOut(receipt));
    assertEquals(Amount.ZERO, settled(forged));
  }

  @Test
  void settleMany_noGoodVoucher_isRefusedBeforeAnyGasIsSpent() {
    ChannelId id = open(local.token);
    Voucher forged = new Voucher(id, Amount.of(1), NOBODYS);
    long before = nonce();
    assertEquals(
        new Refusal.TransactionReverted("NothingToSettle"),
        refusal(settle(local.token, List.of(forged))));
    assertEquals(before, nonce());
  }

  @Test
  void settleMany_noVoucher_throws() {
    assertThrows(IllegalArgumentException.class, () -> calls.settleMany(local.token, List.of()));
  }

  private long nonce() {
    String payeeAddress = local.payee.address().hex();
    String count = local.anvil.rpc("eth_getTransactionCount", payeeAddress, "latest").asText();
    return Long.decode(count);
  }
}
