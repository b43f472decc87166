package io.tollstream.gateway.payer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tollstream.channels.Address;
import io.tollstream.gateway.wire.SessionRequest;
import io.tollstream.metering.Amount;
import io.tollstream.metering.Tariff;
import io.tollstream.metering.TariffUnit;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SpendingPolicyTest {
  private static final Address STRANGER = new Address("0x" + "66".repeat(20));

  static SessionRequest offer(Tariff tariff, @Nullable Amount suggested) {
    return new SessionRequest(
        tariff,
        suggested,
        FakeWallet.TOKEN,
        FakeWallet.PAYEE,
        null,
        FakeWallet.ESCROW,
        Amount.ZERO,
        false,
        List.of("hash"),
        null,
        1_024,
        null);
  }

  private static Tariff tariff(String text) {
    String[] parts = text.split("/");
    return new Tariff(Amount.parse(parts[0]), TariffUnit.ofLabel(parts[1]));
  }

  private static SpendingPolicy limitedTo(List<Tariff> prices) {
    return Rig.policy(Amount.of(1_000), prices);
  }

  @ParameterizedTest
  @CsvSource({
    "100/MiB, 100/MiB, false",
    "101/MiB, 100/MiB, true",
    "1/KiB, 1024/MiB, false",
    "1/KiB, 1023/MiB, true",
    "1/byte, 1048576/MiB, false",
    "2/byte, 1048577/MiB, true",
    "1/TiB, 1/GiB, false",
    "1025/TiB, 1/GiB, true",
    "1/second, 60/minute, false",
    "61/minute, 1/second, true",
    "340282366920938463463374607431768211455/byte, 340282366920938463463374607431768211454/byte, true"
  })
  void isDearer_acrossUnits_comparesExactly(String asked, String limit, boolean dearer) {
    assertEquals(dearer, SpendingPolicy.isDearer(tariff(asked), tariff(limit)));
  }

  @Test
  void check_dearerThanTheLimit_namesTheOption() {
    PayerRefusal refusal =
        limitedTo(List.of(tariff("200/MiB"))).check(offer(tariff("1/KiB"), null));
    String reason = assertInstanceOf(PayerRefusal.TooDear.class, refusal).reason();
    assertTrue(reason.contains("--max-price"), reason);
  }

  @Test
  void check_priceOfAnotherKind_isRefusedWhereBytesAreLimited() {
    assertInstanceOf(
        PayerRefusal.PriceNotComparable.class,
        limitedTo(List.of(tariff("200/MiB"))).check(offer(tariff("1/second"), null)));
  }

  @Test
  void check_limitOfEachKind_isHeldAgainstItsOwn() {
    SpendingPolicy policy = limitedTo(List.of(tariff("200/MiB"), tariff("5/second")));
    assertNull(policy.check(offer(tariff("5/second"), null)));
    assertInstanceOf(PayerRefusal.TooDear.class, policy.check(offer(tariff("301/minute"), null)));
  }

  @Test
  void check_strangers_areRefusedByName() {
    Set<Address> other = Set.of(STRANGER);
    SessionRequest offer = offer(tariff("1/MiB"), null);
    Amount budget = Amount.of(1);
    assertInstanceOf(
        PayerRefusal.TokenNotAllowed.class,
        new SpendingPolicy(other, Set.of(), Set.of(), List.of(), budget, null, 1).check(offer));
    assertInstanceOf(
        PayerRefusal.EscrowNotAllowed.class,
        new SpendingPolicy(Set.of(), other, Set.of(), List.of(), budget, null, 1).check(offer));
    assertInstanceOf(
        PayerRefusal.RecipientNotAllowed.class,
        new SpendingPolicy(Set.of(), Set.of(), other, List.of(), budget, null, 1).check(offer));
  }

  @Test
  void depositFor_ownSize_goesBeforeTheServers() {
    SpendingPolicy policy =
        new SpendingPolicy(
            Set.of(), Set.of(), Set.of(), List.of(), Amount.of(900), Amount.of(70), 1);
    SessionRequest offer = offer(tariff("1/MiB"), Amount.of(500));
    assertEquals(Amount.of(70), policy.depositFor(offer, Amount.of(900)));
    assertEquals(Amount.of(30), policy.depositFor(offer, Amount.of(30)));
  }

  @Test
  void depositFor_greedySuggestion_isCutToTheBudget() {
    SessionRequest offer = offer(tariff("1/MiB"), Amount.MAX);
    assertEquals(Amount.of(900), limitedTo(List.of()).depositFor(offer, Amount.of(900)));
  }

  @Test
  void depositFor_nobodyNamesASize_coversSomeWindows() {
    SessionRequest offer = offer(tariff("1/KiB"), null);
    assertEquals(
        Amount.of(8 * Rig.WINDOW / 1_024), limitedTo(List.of()).depositFor(offer, Amount.MAX));
  }

  @Test
  void policy_windowOfNothing_isRefused() {
    assertThrows(
        IllegalArgumentException.class,
        () -> new SpendingPolicy(Set.of(), Set.of(), Set.of(), List.of(), Amount.ZERO, null, 0));
  }
}
