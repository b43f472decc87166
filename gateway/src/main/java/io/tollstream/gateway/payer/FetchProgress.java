package io.tollstream.gateway.payer;

import io.tollstream.metering.Amount;
import java.io.PrintStream;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Tells how a download gets on: a line that is rewritten on a terminal, a line now and then else.
 */
final class FetchProgress {
  /** How it is shown. */
  enum Style {
    QUIET,
    LINES,
    TERMINAL
  }

  private static final long TERMINAL_MILLIS = 200;
  private static final long LINES_MILLIS = 5_000;
  private static final int BAR = 24;

  private final PrintStream out;
  private final Style style;
  private @Nullable PayingChannel channel;
  private Amount paidBefore = Amount.ZERO;
  private long end = Span.UNKNOWN;
  private long position;
  private long shownAtMillis;
  private long shownPosition;
  private long startedAtMillis;
  private long startPosition;

  FetchProgress(PrintStream out, Style style) {
    this.out = out;
    this.style = style;
  }

  void starts(Span span, PaidResponse response) {
    channel = response.channel();
    paidBefore = channel == null ? Amount.ZERO : channel.live().account().cost();
    end = span.last() == Span.UNKNOWN ? Span.UNKNOWN : span.last() + 1;
    position = span.first();
    startPosition = position;
    startedAtMillis = PayingChannel.nowMillis();
    shownAtMillis = startedAtMillis;
    shownPosition = position;
  }

  void moved(long next) {
    position = next;
    long now = PayingChannel.nowMillis();
    if (now - shownAtMillis >= (style == Style.TERMINAL ? TERMINAL_MILLIS : LINES_MILLIS)) {
      show(now - shownAtMillis, position - shownPosition);
      shownAtMillis = now;
      shownPosition = position;
    }
  }

  private void show(long millis, long bytes) {
    if (style == Style.TERMINAL) {
      out.print("\r\u001b[K" + bar() + line(millis, bytes));
      out.flush();
    } else if (style == Style.LINES) {
      out.println(line(millis, bytes));
    }
  }

  private String bar() {
    if (end <= 0) {
      return "";
    }
    int full = (int) Math.min(BAR, position * BAR / end);
    return "[" + "#".repeat(full) + ".".repeat(BAR - full) + "] ";
  }

  private String line(long millis, long bytes) {
    StringBuilder line = new StringBuilder(size(position));
    if (end > 0) {
      line.append(" of ").append(size(end)).append("  ").append(position * 100 / end).append('%');
    }
    line.append("  ").append(size(bytes * 1_000 / Math.max(1, millis))).append("/s");
    return line.append(spent()).toString();
  }

  private String spent() {
    if (channel == null) {
      return "  free";
    }
    Amount cost = channel.live().account().cost().minusOrZero(paidBefore);
    return "  spent " + cost + " at " + channel.offer().terms().tariff();
  }

  void ends(boolean whole) {
    if (style != Style.QUIET) {
      show(PayingChannel.nowMillis() - startedAtMillis, position - startPosition);
      out.println(style == Style.TERMINAL ? "" : whole ? "whole" : "not whole");
    }
  }

  private static String size(long bytes) {
    if (bytes < 1 << 10) {
      return bytes + " B";
    }
    String[] units = {"KiB", "MiB", "GiB", "TiB"};
    double scaled = bytes / 1024.0;
    int unit = 0;
    while (scaled >= 1024 && unit < units.length - 1) {
      scaled /= 1024;
      unit++;
    }
    return String.format(Locale.ROOT, "%.1f %s", scaled, units[unit]);
  }
}
