package io.tollstream.channels;

import java.util.function.Function;

/** A value, or the reason there is none. */
public sealed interface Result<T> {
  record Ok<T>(T value) implements Result<T> {}

  record Refused<T>(Refusal refusal) implements Result<T> {}

  static <T> Result<T> ok(T value) {
    return new Ok<>(value);
  }

  static <T> Result<T> refused(Refusal refusal) {
    return new Refused<>(refusal);
  }

  /** Goes on with the value, or passes the refusal through. */
  default <R> Result<R> then(Function<T, Result<R>> next) {
    if (this instanceof Ok<T> ok) {
      return next.apply(ok.value());
    }
    return refused(((Refused<T>) this).refusal());
  }
}
