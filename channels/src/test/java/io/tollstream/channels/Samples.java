package io.tollstream.channels;

import io.tollstream.metering.Amount;
import io.tollstream.metering.Tariff;
import io.tollstream.metering.TariffUnit;
import java.util.Arrays;
import java.util.List;

/** Channels and vouchers to test with; none of them has a valid signature. */
public final class Samples {
  public static final Escrow ESCROW = new Escrow(314, address(0xe5));
  public static final Tariff PER_BYTE = new Tariff(Amount.of(1), TariffUnit.BYTE);
  public static final Tariff PER_KIB = new Tariff(Amount.of(7), TariffUnit.KIB);

  public static final NodeId NODE = new NodeId("0x" + "0d".repeat(16));

  private Samples() {}

  public static StreamId stream(long number) {
    return new StreamId(NODE, number);
  }

  /** What a stream asks for that knows of no grant yet. */
  public static Reservation.Ask ask(StreamId stream, Tariff tariff, long wanted) {
    return new Reservation.Ask(stream, tariff, 0, wanted, 0, Amount.ZERO);
  }

  /** A stream that has no reservation on the tab yet. */
  public static StreamId fresh(Tab tab, NodeId node) {
    List<Reservation> held = tab.reservations();
    return new StreamId(
        node, held.stream().mapToLong(each -> each.stream().number()).max().orElse(0) + 1);
  }

  public static Address address(int fill) {
    byte[] bytes = new byte[20];
    Arrays.fill(bytes, (byte) fill);
    return Address.of(bytes);
  }

  /** Ids in the order of their numbers. */
  public static ChannelId id(int number) {
    return new ChannelId("0x%064x".formatted(number));
  }

  public static Channel channel(int number, long deposit) {
    return channel(number, Amount.of(deposit), Amount.ZERO, 0, false);
  }

  public static Channel channel(
      int number, Amount deposit, Amount settled, long closeRequestedAt, boolean finalized) {
    return new Channel(
        id(number),
        ESCROW,
        address(0xaa),
        address(0xbb),
        address(0xcc),
        Address.ZERO,
        deposit,
        settled,
        closeRequestedAt,
        finalized);
  }

  public static Voucher voucher(int number, long cumulative) {
    return voucher(number, Amount.of(cumulative));
  }

  public static Voucher voucher(int number, Amount cumulative) {
    byte[] signature = new byte[Signature.LENGTH];
    Arrays.fill(signature, (byte) cumulative.baseUnits().intValue());
    signature[Signature.LENGTH - 1] = 27;
    return new Voucher(id(number), cumulative, Signature.of(signature));
  }

  public static <T> T ok(Result<T> result) {
    if (result instanceof Result.Ok<T> ok) {
      return ok.value();
    }
    throw new AssertionError("refused: " + result);
  }

  public static Refusal refusal(Result<?> result) {
    if (result instanceof Result.Refused<?> refused) {
      return refused.refusal();
    }
    throw new AssertionError("not refused: " + result);
  }
}
