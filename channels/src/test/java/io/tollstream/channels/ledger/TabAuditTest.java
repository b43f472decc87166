package io.tollstream.channels.ledger;

import static io.tollstream.channels.Samples.PER_BYTE;
import static io.tollstream.channels.Samples.channel;
import static io.tollstream.channels.Samples.voucher;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.tollstream.channels.Channel;
import io.tollstream.channels.Refusal;
import io.tollstream.channels.Result;
import io.tollstream.channels.Samples;
import io.tollstream.channels.Tab;
import io.tollstream.metering.Amount;
import io.tollstream.metering.Bill;
import java.util.List;
import org.junit.jupiter.api.Test;

final class TabAuditTest {
  private static final TabAudit TRUSTING = audit(0);

  private static TabAudit audit(long credit) {
    return new TabAudit((voucher, channel) -> Result.ok(voucher), Amount.of(credit));
  }

  private static Tab tab(long settled, long authorized, long spent) {
    Channel channel = channel(1, Amount.of(100), Amount.of(settled), 0, false);
    Bill bill = spent == 0 ? Bill.EMPTY : Bill.EMPTY.plus(PER_BYTE, spent);
    return new Tab(
        channel,
        new Tab.Phase.Open(),
        Amount.ZERO,
        List.of(voucher(1, authorized)),
        bill,
        List.of(),
        0,
        0);
  }

  @Test
  void findings_inOrder_areNone() {
    assertEquals(List.of(), TRUSTING.findings(tab(50, 50, 50)));
    assertEquals(List.of(), TRUSTING.findings(tab(0, 50, 0)));
    assertEquals(List.of(), audit(5).findings(tab(0, 50, 55)));
  }

  @Test
  void findings_moreSpentThanAuthorized_sayHowMuchIsUnpaid() {
    assertEquals(List.of("51 spent of 50 authorized: 1 unpaid"), TRUSTING.findings(tab(0, 50, 51)));
    assertEquals(List.of("56 spent of 50 authorized: 6 unpaid"), audit(5).findings(tab(0, 50, 56)));
  }

  @Test
  void findings_moreSettledThanAuthorized_sayIt() {
    assertEquals(List.of("60 settled of 50 authorized"), TRUSTING.findings(tab(60, 50, 0)));
  }

  @Test
  void findings_badSignatures_nameTheVoucher() {
    TabAudit none =
        new TabAudit(
            (voucher, channel) -> Result.refused(new Refusal.InvalidSignature()), Amount.ZERO);
    assertEquals(
        List.of("the voucher of 50: its signature is nobody's"), none.findings(tab(0, 50, 0)));
    TabAudit another =
        new TabAudit(
            (voucher, channel) ->
                Result.refused(new Refusal.SignerMismatch(channel.signer(), Samples.address(0xee))),
            Amount.ZERO);
    assertEquals(
        List.of(
            "the voucher of 50: signed by %s, not by %s"
                .formatted(Samples.address(0xee), Samples.address(0xaa))),
        another.findings(tab(0, 50, 0)));
  }
}
