package io.tollstream.channels.ledger;

import io.tollstream.channels.Channel;
import io.tollstream.channels.Refusal;
import io.tollstream.channels.Result;
import io.tollstream.channels.Tab;
import io.tollstream.channels.Voucher;
import io.tollstream.metering.Amount;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;

/**
 * Recomputes what must hold of a tab from what it is made of: its vouchers, whose signatures are
 * checked once more, and the quantities on its bill.
 */
public final class TabAudit {
  /** Checks a voucher's signature against its channel. */
  public interface Signatures extends BiFunction<Voucher, Channel, Result<Voucher>> {}

  private final Signatures signatures;
  private final Amount credit;

  /**
   * An audit.
   *
   * @param credit base units by which a tab may owe more than is authorized
   */
  public TabAudit(Signatures signatures, Amount credit) {
    this.signatures = signatures;
    this.credit = credit;
  }

  /** What does not hold, in words; empty for a tab that is in order. */
  public List<String> findings(Tab tab) {
    List<String> findings = new ArrayList<>();
    for (Voucher voucher : tab.vouchers()) {
      if (signatures.apply(voucher, tab.channel()) instanceof Result.Refused<Voucher> refused) {
        findings.add("the voucher of " + voucher.cumulative() + ": " + words(refused.refusal()));
      }
    }
    money(tab, findings);
    return findings;
  }

  private static String words(Refusal refusal) {
    if (refusal instanceof Refusal.InvalidSignature) {
      return "its signature is nobody's";
    }
    if (refusal instanceof Refusal.SignerMismatch mismatch) {
      return "signed by " + mismatch.actual() + ", not by " + mismatch.expected();
    }
    return refusal.toString();
  }

  private void money(Tab tab, List<String> findings) {
    Amount owed = tab.spent().minusOrZero(tab.authorized());
    if (owed.exceeds(credit)) {
      findings.add(
          "%s spent of %s authorized: %s unpaid".formatted(tab.spent(), tab.authorized(), owed));
    }
    Amount settled = tab.channel().settled();
    if (settled.exceeds(tab.authorized())) {
      findings.add(settled + " settled of " + tab.authorized() + " authorized");
    }
  }
}
