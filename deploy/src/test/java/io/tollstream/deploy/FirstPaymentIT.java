package io.tollstream.deploy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * The latency program runs; how fast is for a quiet machine to say, so the bound here is a wide
 * one.
 */
@ExtendWith(DemoExtension.class)
class FirstPaymentIT {
  /** What go-nitro takes at its fastest, 10 ms away. */
  private static final double BOUND_MILLIS = 84;

  @Test
  void firstPayment_onAnOpenChannel_isFast(Demo demo) throws Exception {
    Latencies latencies = FirstPayment.measure(demo.facts(), 100);
    assertEquals(100, latencies.count());
    double median = latencies.percentileMillis(50);
    assertTrue(median > 0 && median < BOUND_MILLIS, () -> median + " ms");
  }
}
