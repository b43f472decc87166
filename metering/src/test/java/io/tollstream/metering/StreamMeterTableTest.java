package io.tollstream.metering;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Every state of the meter answers every event. A body of 1000 bytes in chunks of 100, the events
 * at time 0 but for the late tick; R reserve, G give back, D demand; "bug" where the event cannot
 * happen and throws.
 */
class StreamMeterTableTest {
  private static final List<String> STATES =
      List.of(
          "new",
          "reserving",
          "ready",
          "flowing",
          "short",
          "holding",
          "retrying",
          "failed",
          "gone",
          "ended",
          "ending");

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          # state    | start | take 10  | all granted | 40 granted   | refused    | credited | tick  | late tick | end
          new        | R100  | bug      | bug         | bug          | bug        | -        | -     | -         | -
          reserving  | bug   | 0        | -           | D400         | D400 Hold  | -        | -     | -         | -
          ready      | bug   | 10 R150  | bug         | bug          | bug        | -        | -     | -         | -
          flowing    | bug   | 10       | -           | D600         | D600       | -        | -     | -         | -
          short      | bug   | 10       | bug         | bug          | bug        | -        | -     | -         | -
          holding    | bug   | 0        | bug         | bug          | bug        | R100     | -     | Cut       | -
          retrying   | bug   | 0        | Resume      | Resume D400  | D400       | -        | -     | Cut       | -
          failed     | bug   | 0        | bug         | bug          | bug        | R100     | R100  | Cut       | -
          gone       | -     | 0        | bug         | bug          | bug        | -        | -     | -         | -
          ended      | bug   | 0        | bug         | bug          | bug        | -        | -     | -         | -
          ending     | bug   | 0        | -           | -            | -          | -        | -     | -         | -
          """)
  void anyState_anyEvent_isAnswered(
      String state,
      String start,
      String take,
      String allGranted,
      String partGranted,
      String refused,
      String credited,
      String tick,
      String lateTick,
      String end) {
    Map<String, String> expected =
        Map.of(
            "start", start,
            "take", take,
            "all granted", allGranted,
            "40 granted", partGranted,
            "refused", refused,
            "credited", credited,
            "tick", tick,
            "late tick", lateTick,
            "end", end);
    Map<String, String> answered =
        events(state).entrySet().stream()
            .collect(Collectors.toMap(Map.Entry::getKey, event -> answer(state, event.getValue())));
    assertEquals(expected, answered);
  }

  private static Map<String, Function<StreamMeter, String>> events(String state) {
    long asked = state.equals("flowing") ? 150 : 100;
    return Map.of(
        "start", event(meter -> meter.start(1_000, 0)),
        "take", meter -> Long.toString(meter.take(10, 0)),
        "all granted", event(meter -> meter.granted(asked, 1_000_000, 0)),
        "40 granted", event(meter -> meter.granted(40, 0, 0)),
        "refused", event(meter -> meter.refused(0)),
        "credited", event(StreamMeter::credited),
        "tick", event(meter -> meter.tick(0)),
        "late tick", event(meter -> meter.tick(60_000)),
        "end", event(StreamMeter::end));
  }

  private static Function<StreamMeter, String> event(Consumer<StreamMeter> event) {
    return meter -> {
      event.accept(meter);
      return "";
    };
  }

  private static String answer(String state, Function<StreamMeter, String> event) {
    StreamMeter meter = in(state);
    Wishes.of(meter);
    List<String> words = new ArrayList<>();
    try {
      words.add(event.apply(meter));
    } catch (IllegalStateException bug) {
      return "bug";
    }
    Wishes.of(meter).forEach(wish -> words.add(word(wish)));
    String answer = String.join(" ", words).strip();
    return answer.isEmpty() ? "-" : answer;
  }

  private static StreamMeter in(String state) {
    StreamMeter meter =
        new StreamMeter(
            new Tariff(Amount.of(1), TariffUnit.BYTE), new MeterPolicy(100, 400, 4, 8_000, 30_000));
    switch (STATES.indexOf(state)) {
      case 0 -> {}
      case 1 -> meter.start(1_000, 0);
      case 2 -> granted(meter, 100);
      case 3 -> {
        granted(meter, 100);
        meter.take(10, 0);
      }
      case 4 -> granted(meter, 40);
      case 5 -> granted(meter, 0);
      case 6 -> {
        granted(meter, 0);
        meter.credited();
      }
      case 7 -> {
        meter.start(1_000, 0);
        meter.refused(0);
      }
      case 8 -> meter.end();
      case 9 -> {
        granted(meter, 100);
        meter.end();
      }
      case 10 -> {
        meter.start(1_000, 0);
        meter.end();
      }
      default -> throw new AssertionError(state);
    }
    return meter;
  }

  private static void granted(StreamMeter meter, long quanta) {
    meter.start(1_000, 0);
    meter.granted(quanta, quanta == 100 ? 1_000_000 : 0, 0);
  }

  private static String word(MeterAction wish) {
    if (wish instanceof MeterAction.Reserve reserve) {
      return "R" + reserve.quanta();
    }
    if (wish instanceof MeterAction.Demand demand) {
      return "D" + demand.quanta();
    }
    return wish.getClass().getSimpleName();
  }
}
