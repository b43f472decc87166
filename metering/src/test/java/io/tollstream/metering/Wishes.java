package io.tollstream.metering;

import java.util.ArrayList;
import java.util.List;

/** Drains a meter as its owner would. */
final class Wishes {
  private Wishes() {}

  static List<MeterAction> of(StreamMeter meter) {
    List<MeterAction> wishes = new ArrayList<>();
    for (MeterAction wish = meter.next(); wish != null; wish = meter.next()) {
      wishes.add(wish);
    }
    return wishes;
  }
}
