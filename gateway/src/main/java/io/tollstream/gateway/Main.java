package io.tollstream.gateway;

/** The {@code tollstream} command. */
public final class Main {
  private Main() {}

  public static void main(String[] args) {}
}
