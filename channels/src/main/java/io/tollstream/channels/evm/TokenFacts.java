package io.tollstream.channels.evm;

import io.tollstream.channels.Address;
import io.tollstream.channels.Refusal;
import io.tollstream.channels.Result;
import io.tollstream.channels.Wallet.Token;
import java.util.Optional;

/** What a token says of itself, made safe to print: a symbol is whatever its author chose. */
final class TokenFacts {
  private static final int MAX_SYMBOL = 16;
  private static final int MAX_DECIMALS = 77;
  private static final int NATIVE_DECIMALS = 18;
  private static final long FILECOIN = 314;
  private static final long CALIBRATION = 314159;

  private TokenFacts() {}

  static Result<Token> read(Node node, long chainId, Address token) throws RpcFailure {
    if (token.isZero()) {
      return Result.ok(new Token(token, nativeSymbol(chainId), NATIVE_DECIMALS));
    }
    Optional<Integer> decimals =
        node.readIfThere(TokenCalls.decimals(token), words -> words.number(0).intValueExact());
    if (decimals.isEmpty() || decimals.get() > MAX_DECIMALS) {
      return Result.refused(new Refusal.Malformed("currency", "a token that tells its decimals"));
    }
    String symbol =
        node.readIfThere(TokenCalls.symbol(token), words -> words.string(0)).orElse("?");
    return Result.ok(new Token(token, printable(symbol), decimals.get()));
  }

  private static String nativeSymbol(long chainId) {
    if (chainId == FILECOIN) {
      return "FIL";
    }
    return chainId == CALIBRATION ? "tFIL" : "ETH";
  }

  private static String printable(String symbol) {
    String plain = symbol.replaceAll("[^\\p{L}\\p{N}\\p{Sc}.+_-]", "");
    return plain.substring(0, plain.offsetByCodePoints(0, codePoints(plain)));
  }

  private static int codePoints(String text) {
    return Math.min(MAX_SYMBOL, text.codePointCount(0, text.length()));
  }
}
