package io.tollstream.channels.evm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import com.fasterxml.jackson.databind.JsonNode;
import io.tollstream.channels.Address;
import io.tollstream.channels.Channel;
import io.tollstream.channels.Escrow;
import io.tollstream.channels.PaymentAction;
import io.tollstream.channels.Refusal;
import io.tollstream.channels.Result;
import io.tollstream.channels.Signature;
import io.tollstream.channels.Terms;
import io.tollstream.channels.Voucher;
import io.tollstream.metering.Amount;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class EvmSessionTest {
  private static final String DOMAIN = "EVM Payment Channel";
  private static final LocalSigner PAYER = key(7);
  private static final LocalSigner DELEGATE = key(8);

  private final FakeChain chain = new FakeChain(Payloads.ESCROW);
  private final EvmSession session = new EvmSession(DOMAIN, chain, true);

  @Test
  void verify_voucherOfThePayer_isTaken() {
    Voucher voucher = voucher(PAYER, Amount.of(5));
    assertEquals(Result.ok(voucher), verify(voucher, channel(Address.ZERO)));
    assertEquals(0, chain.walletsAsked);
  }

  @Test
  void verify_voucherOfTheDelegate_isTakenAndThePayersIsNot() {
    Channel channel = channel(DELEGATE.address());
    Voucher voucher = voucher(DELEGATE, Amount.of(5));
    assertEquals(Result.ok(voucher), verify(voucher, channel));
    assertEquals(
        new Refusal.SignerMismatch(DELEGATE.address(), PAYER.address()),
        refusal(verify(voucher(PAYER, Amount.of(5)), channel)));
  }

  @ParameterizedTest
  @ValueSource(strings = {"highS", "vZeroOrOne", "zeroR", "zeroS", "rNotBelowOrder"})
  void verify_signatureOutOfForm_isInvalidAndNoWalletIsAsked(String form) {
    JsonNode refused = Vectors.object("malleated").required("refused");
    Voucher voucher = new Voucher(Payloads.ID, Amount.ZERO, Vectors.signature(refused, form));
    assertEquals(new Refusal.InvalidSignature(), refusal(verify(voucher, channel(Address.ZERO))));
    assertEquals(0, chain.walletsAsked);
  }

  /** The escrow recovers: a voucher whose v was flipped could never be redeemed. */
  @Test
  void verify_vFlipped_isRefusedEvenAfterTheRightOneWasSeen() {
    Voucher voucher = voucher(PAYER, Amount.of(5));
    verify(voucher, channel(Address.ZERO));
    byte[] bytes = voucher.signature().bytes();
    bytes[64] = (byte) (55 - bytes[64]);
    Voucher flipped = new Voucher(Payloads.ID, Amount.of(5), Signature.of(bytes));
    assertInstanceOf(Refusal.SignerMismatch.class, refusal(verify(flipped, channel(Address.ZERO))));
  }

  @Test
  void verify_amountRaisedAfterSigning_isRefused() {
    Voucher voucher = voucher(PAYER, Amount.of(5));
    Voucher raised = new Voucher(Payloads.ID, Amount.of(6), voucher.signature());
    assertInstanceOf(Refusal.SignerMismatch.class, refusal(verify(raised, channel(Address.ZERO))));
  }

  @ParameterizedTest
  @CsvSource({
    "EVM Payment Channel, 315, 0x425b08c151727c90ec4ba43893cf5f5d5c8d973f",
    "EVM Payment Channel, 314, 0x425b08c151727c90ec4ba43893cf5f5d5c8d9730",
    "Tempo Stream Channel, 314, 0x425b08c151727c90ec4ba43893cf5f5d5c8d973f"
  })
  void verify_voucherOfAnotherDomain_isRefused(String name, long chainId, String contract) {
    Eip712 elsewhere = new Eip712(name, new Escrow(chainId, new Address(contract)));
    Signature signature = PAYER.sign(elsewhere.voucher(Payloads.ID, Amount.of(5)));
    Voucher voucher = new Voucher(Payloads.ID, Amount.of(5), signature);
    assertInstanceOf(Refusal.SignerMismatch.class, refusal(verify(voucher, channel(Address.ZERO))));
  }

  @Test
  void verify_signerIsAWalletThatAgrees_isTaken() {
    chain.walletAnswer = Result.ok(true);
    Voucher voucher = voucher(DELEGATE, Amount.of(5));
    assertEquals(Result.ok(voucher), verify(voucher, channel(Payloads.SIGNER)));
  }

  @Test
  void verify_walletCannotBeAsked_isUnavailableAndNotAMismatch() {
    chain.walletAnswer = Result.refused(new Refusal.Unavailable("rpc"));
    assertEquals(
        new Refusal.Unavailable("rpc"),
        refusal(verify(voucher(DELEGATE, Amount.of(5)), channel(Payloads.SIGNER))));
  }

  @Test
  void checkId_ofTheChallengesParameters_passes() {
    for (Map<String, Object> payload : Payloads.opens()) {
      PaymentAction.Open open = open(payload);
      assertEquals(Result.ok(open), session.checkId(open, Payloads.TERMS));
    }
  }

  @ParameterizedTest
  @CsvSource({"true, false", "false, true"})
  void checkId_otherPayeeOrToken_isRefused(boolean otherPayee, boolean otherToken) {
    Terms terms =
        new Terms(
            Payloads.ESCROW,
            otherPayee ? Payloads.SIGNER : Payloads.PAYEE,
            otherToken ? Payloads.SIGNER : Payloads.TOKEN,
            Amount.ZERO);
    for (Map<String, Object> payload : Payloads.opens()) {
      assertInstanceOf(Result.Refused.class, session.checkId(open(payload), terms));
    }
  }

  @Test
  void checkId_otherSalt_namesTheDerivedId() {
    Map<String, Object> payload = Payloads.openHash();
    payload.put("salt", Payloads.TX_HASH);
    Refusal refusal = refusal(session.checkId(open(payload), Payloads.TERMS));
    assertEquals("channelId", assertInstanceOf(Refusal.Malformed.class, refusal).field());
  }

  @Test
  @SuppressWarnings("unchecked")
  void checkId_nonceOfAnotherChannel_namesTheNonce() {
    Map<String, Object> payload = Payloads.openAuthorization();
    ((Map<String, Object>) payload.getOrDefault("authorization", Map.of()))
        .put("nonce", Payloads.TX_HASH);
    Refusal refusal = refusal(session.checkId(open(payload), Payloads.TERMS));
    assertEquals("authorization.nonce", assertInstanceOf(Refusal.Malformed.class, refusal).field());
  }

  private PaymentAction.Open open(Map<String, Object> payload) {
    if (session.parse(payload, Payloads.SOURCE) instanceof Result.Ok<PaymentAction> ok) {
      return (PaymentAction.Open) ok.value();
    }
    throw new AssertionError("refused");
  }

  private Result<Voucher> verify(Voucher voucher, Channel channel) {
    return session.verify(voucher, channel).toCompletableFuture().join();
  }

  private static Refusal refusal(Result<?> result) {
    return assertInstanceOf(Result.Refused.class, result).refusal();
  }

  private static Voucher voucher(LocalSigner signer, Amount cumulative) {
    byte[] digest = new Eip712(DOMAIN, Payloads.ESCROW).voucher(Payloads.ID, cumulative);
    return new Voucher(Payloads.ID, cumulative, signer.sign(digest));
  }

  private static Channel channel(Address signer) {
    return new Channel(
        Payloads.ID,
        Payloads.ESCROW,
        PAYER.address(),
        Payloads.PAYEE,
        Payloads.TOKEN,
        signer,
        Amount.of(100),
        Amount.ZERO,
        0,
        false);
  }

  private static LocalSigner key(int last) {
    byte[] key = new byte[32];
    key[31] = (byte) last;
    return LocalSigner.of(key);
  }
}
