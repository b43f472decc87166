package io.tollstream.gateway.payment;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import io.tollstream.channels.Address;
import io.tollstream.channels.Channel;
import io.tollstream.channels.Escrow;
import io.tollstream.channels.Refusal;
import io.tollstream.channels.Tab;
import io.tollstream.channels.Terms;
import io.tollstream.channels.Voucher;
import io.tollstream.gateway.FakeChain.Call;
import io.tollstream.gateway.TestGateway;
import io.tollstream.gateway.TestPayer;
import io.tollstream.metering.Amount;
import io.vertx.core.json.JsonObject;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Which vouchers raise what is authorized, and what a top-up changes. */
final class VoucherPaymentsTest {
  private static final TestPayer STRANGER = new TestPayer(8, TestGateway.ESCROW);

  private final Desk desk = new Desk();
  private final Channel channel = Desk.PAYER.channel(TestGateway.TERMS, 1_000);

  @BeforeEach
  void open() {
    desk.opened(channel, 100);
  }

  @AfterEach
  void close() {
    desk.close();
  }

  @Test
  void voucher_higher_raisesWhatIsAuthorized() {
    assertEquals(Amount.of(150), pay(150).authorized());
    assertEquals(Amount.of(150), desk.ledger.tab(channel.id()).authorized());
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 1, 99, 100})
  void voucher_equalOrLowerOfTheSigner_isTakenAndChangesNothing(long cumulative) {
    Tab before = desk.ledger.tab(channel.id());
    assertEquals(before, pay(cumulative));
    assertEquals(before, desk.ledger.tab(channel.id()));
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 1, 100, 150})
  void voucher_ofSomebodyElse_isRefusedHoweverLow(long cumulative) {
    assertRefused(
        new Refusal.SignerMismatch(Desk.PAYER.address(), STRANGER.address()),
        TestPayer.pay(STRANGER.voucher(channel.id(), cumulative)));
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 100, 150})
  void voucher_withHighS_isRefusedHoweverLow(long cumulative) {
    Voucher voucher = Desk.PAYER.voucher(channel.id(), cumulative);
    JsonObject payload =
        TestPayer.pay(voucher).put("signature", TestPayer.highS(voucher.signature()).hex());
    assertRefused(new Refusal.InvalidSignature(), payload);
  }

  @Test
  void voucher_overAnotherEscrowOrChain_isRefused() {
    for (Escrow other :
        new Escrow[] {
          new Escrow(315, TestGateway.ESCROW.contract()),
          new Escrow(314, new Address("0x" + "e6".repeat(20)))
        }) {
      Voucher voucher = Desk.PAYER.voucher(other, channel.id(), 150);
      assertInstanceOf(Refusal.SignerMismatch.class, refusedUnchanged(TestPayer.pay(voucher)));
    }
  }

  @Test
  void voucher_amountChangedAfterSigning_isRefused() {
    JsonObject payload = Desk.PAYER.pay(channel.id(), 150).put("cumulativeAmount", "151");
    assertInstanceOf(Refusal.SignerMismatch.class, refusedUnchanged(payload));
  }

  @Test
  void voucher_signatureOfAnotherChannel_isRefused() {
    Channel other = Desk.PAYER.channel(TestGateway.TERMS, 1_000);
    JsonObject payload = Desk.PAYER.pay(other.id(), 150).put("channelId", channel.id().hex());
    assertInstanceOf(Refusal.SignerMismatch.class, refusedUnchanged(payload));
  }

  @Test
  void voucher_channelIdInUpperCase_isMalformedAndNoAlias() {
    JsonObject payload = Desk.PAYER.pay(channel.id(), 150);
    payload.put(
        "channelId", "0x" + channel.id().hex().substring(2).toUpperCase(java.util.Locale.ROOT));
    assertEquals(
        "channelId", assertInstanceOf(Refusal.Malformed.class, refusedUnchanged(payload)).field());
  }

  @Test
  void voucher_ofAChannelNobodyKnows_isRefused() {
    Channel unknown = Desk.PAYER.channel(TestGateway.TERMS, 1_000);
    assertRefused(new Refusal.ChannelNotFound(unknown.id()), Desk.PAYER.pay(unknown.id(), 150));
  }

  @Test
  void voucher_onARouteOfAnotherPayeeOrToken_isRefused() {
    Terms payee =
        new Terms(
            TestGateway.ESCROW,
            new Address("0x" + "bb".repeat(20)),
            TestGateway.TOKEN,
            Amount.ZERO);
    Terms token =
        new Terms(
            TestGateway.ESCROW,
            TestGateway.PAYEE,
            new Address("0x" + "71".repeat(20)),
            Amount.ZERO);
    for (Terms terms : new Terms[] {payee, token}) {
      var result = Desk.await(desk.start(desk.offer(terms), Desk.PAYER.pay(channel.id(), 150)));
      assertInstanceOf(Refusal.ChannelMismatch.class, Desk.refusal(result));
      assertEquals(Amount.of(100), desk.ledger.tab(channel.id()).authorized());
    }
  }

  @Test
  void voucher_closeRequested_isRefusedUntilATopUpCancelsIt() {
    desk.chain.requestClose(channel.id());
    Desk.await(desk.tabs.observe(desk.chain.of(channel.id())));
    assertRefused(new Refusal.CloseRequested(channel.id()), Desk.PAYER.pay(channel.id(), 150));
    String hash = desk.chain.topUp(channel.id(), 5);
    desk.taken(Desk.PAYER.topUp(channel.id(), hash, 5));
    assertEquals(Amount.of(150), pay(150).authorized());
  }

  @Test
  void voucher_finalized_isRefused() {
    desk.chain.withdraw(channel.id());
    Desk.await(desk.tabs.observe(desk.chain.of(channel.id())));
    assertRefused(new Refusal.ChannelFinalized(channel.id()), Desk.PAYER.pay(channel.id(), 150));
  }

  @Test
  void voucher_aboveTheDeposit_isRefusedAfterTheChainWasAskedOnce() {
    assertRefused(
        new Refusal.AmountExceedsDeposit(Amount.of(1_001), Amount.of(1_000)),
        Desk.PAYER.pay(channel.id(), 1_001));
    assertEquals(1, desk.chain.calls(Call.READ));
  }

  @Test
  void voucher_aboveTheDepositAfterATopUpNobodyToldUsOf_isTaken() {
    desk.chain.topUp(channel.id(), 500);
    assertEquals(Amount.of(1_400), pay(1_400).authorized());
  }

  @Test
  void voucher_aboveTheDepositWhileTheReplicaLags_isRefused() {
    desk.chain.lag();
    desk.chain.topUp(channel.id(), 500);
    assertInstanceOf(
        Refusal.AmountExceedsDeposit.class, refusedUnchanged(Desk.PAYER.pay(channel.id(), 1_400)));
  }

  @Test
  void voucher_raisingByTooLittle_isRefusedExceptForTheRestOfTheDeposit() {
    desk.minDelta = Amount.of(50);
    assertRefused(
        new Refusal.DeltaTooSmall(Amount.of(49), Amount.of(50)), Desk.PAYER.pay(channel.id(), 149));
    assertEquals(Amount.of(150), pay(150).authorized());
    pay(980);
    assertEquals(Amount.of(1_000), pay(1_000).authorized());
  }

  @Test
  void topUp_seenByTheChain_raisesTheDeposit() {
    String hash = desk.chain.topUp(channel.id(), 500);
    Tab tab = desk.taken(Desk.PAYER.topUp(channel.id(), hash, 500));
    assertEquals(Amount.of(1_500), tab.channel().deposit());
    assertEquals(Amount.of(100), tab.authorized());
  }

  @Test
  void topUp_sameTransactionTwice_countsOnce() {
    JsonObject topUp = Desk.PAYER.topUp(channel.id(), desk.chain.topUp(channel.id(), 500), 500);
    desk.taken(topUp);
    assertEquals(Amount.of(1_500), desk.taken(topUp).channel().deposit());
  }

  @Test
  void topUp_claimingMoreThanWasAdded_isRefused() {
    String hash = desk.chain.topUp(channel.id(), 500);
    assertInstanceOf(
        Refusal.TransactionReverted.class,
        refusedUnchanged(Desk.PAYER.topUp(channel.id(), hash, 5_000)));
  }

  @Test
  void topUp_sameRelayedOneTwiceAtOnce_isSubmittedOnce() {
    desk.chain.hold(Call.SUBMIT);
    JsonObject topUp = Desk.PAYER.relayedTopUp(channel.id(), 500, 1);
    var first = desk.start(topUp);
    var second = desk.start(topUp.copy());
    io.tollstream.gateway.TestViewer.eventually(() -> desk.chain.calls(Call.SUBMIT) == 1);
    io.tollstream.gateway.TestViewer.pause(50);
    desk.chain.release(Call.SUBMIT);
    Desk.tab(Desk.await(first));
    assertEquals(Amount.of(1_500), Desk.tab(Desk.await(second)).channel().deposit());
    assertEquals(1, desk.chain.calls(Call.SUBMIT));
  }

  @Test
  void topUp_whileAnotherIsUnderWay_isToldToComeAgainAndSubmitsNothing() {
    desk.chain.hold(Call.SUBMIT);
    var first = desk.start(Desk.PAYER.relayedTopUp(channel.id(), 500, 1));
    var second = desk.start(Desk.PAYER.relayedTopUp(channel.id(), 200, 2));
    assertInstanceOf(Refusal.Unavailable.class, Desk.refusal(Desk.await(second)));
    desk.chain.release(Call.SUBMIT);
    assertEquals(Amount.of(1_500), Desk.tab(Desk.await(first)).channel().deposit());
    assertEquals(1, desk.chain.calls(Call.SUBMIT));
  }

  @Test
  void topUp_relayedByAnyone_addsToNobodyElsesChannel() {
    Channel unknown = Desk.PAYER.channel(TestGateway.TERMS, 1_000);
    assertRefused(
        new Refusal.ChannelNotFound(unknown.id()), Desk.PAYER.relayedTopUp(unknown.id(), 500, 1));
    assertEquals(0, desk.chain.calls(Call.SUBMIT));
  }

  @Test
  void voucher_withMergedTopUp_isTakenAboveTheFormerDeposit() {
    JsonObject deposit = Desk.PAYER.relayedTopUp(channel.id(), 500, 1);
    deposit.remove("channelId");
    deposit.remove("additionalDeposit");
    Tab tab = desk.taken(Desk.PAYER.pay(channel.id(), 1_400).put("deposit", deposit));
    assertEquals(Amount.of(1_500), tab.channel().deposit());
    assertEquals(Amount.of(1_400), tab.authorized());
  }

  @Test
  void voucher_withMergedOpen_startsTheTab() {
    Channel fresh = Desk.PAYER.channel(TestGateway.TERMS, 2_000);
    JsonObject deposit = Desk.PAYER.relayedOpen(fresh, 40);
    deposit.remove("channelId");
    deposit.remove("cumulativeAmount");
    deposit.remove("voucherSignature");
    Tab tab = desk.taken(Desk.PAYER.pay(fresh.id(), 40).put("deposit", deposit));
    assertEquals(Amount.of(2_000), tab.channel().deposit());
    assertEquals(Amount.of(40), tab.authorized());
  }

  @Test
  void voucher_withMergedTopUpThatReverts_isRefusedWithIt() {
    desk.chain.refuse(Call.SUBMIT, new Refusal.TransactionReverted("AuthorizationExpired"));
    JsonObject deposit = Desk.PAYER.relayedTopUp(channel.id(), 500, 1);
    deposit.remove("channelId");
    deposit.remove("additionalDeposit");
    assertRefused(
        new Refusal.TransactionReverted("AuthorizationExpired"),
        Desk.PAYER.pay(channel.id(), 150).put("deposit", deposit));
  }

  private Tab pay(long cumulative) {
    return desk.taken(Desk.PAYER.pay(channel.id(), cumulative));
  }

  private void assertRefused(Refusal expected, JsonObject payload) {
    assertEquals(expected, refusedUnchanged(payload));
  }

  /** What authorizes and what is spent must be as before; the chain's news may be taken over. */
  private Refusal refusedUnchanged(JsonObject payload) {
    Tab before = desk.ledger.tab(channel.id());
    Refusal refusal = Desk.refusal(desk.take(payload));
    Tab after = desk.ledger.tab(channel.id());
    assertEquals(before, after);
    return refusal;
  }
}
