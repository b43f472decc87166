package io.tollstream.channels.evm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;

import io.tollstream.channels.Address;
import io.tollstream.channels.Funding;
import io.tollstream.channels.PaymentAction;
import io.tollstream.channels.Refusal;
import io.tollstream.channels.Result;
import io.tollstream.metering.Amount;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.NullSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Every shape of payload, whole and with every one of its fields spoilt in turn. */
final class PayloadParserTest {
  private final PayloadParser parser = new PayloadParser(Payloads.ESCROW);

  @Test
  void parse_openByHash_givesEverything() {
    PaymentAction.Open open =
        assertInstanceOf(PaymentAction.Open.class, parsed(Payloads.openHash()));
    assertEquals(Payloads.ID, open.channelId());
    assertEquals(new Funding.Broadcast(Payloads.TX_HASH, Payloads.PAYER), open.funding());
    assertEquals(Payloads.SALT, open.salt());
    assertEquals(Payloads.SIGNER, open.authorizedSigner());
    assertEquals(Amount.ZERO, open.voucher().cumulative());
    assertEquals(Payloads.VOUCHER_SIGNATURE, open.voucher().signature().hex());
  }

  @Test
  void parse_openByAuthorization_givesEverything() {
    PaymentAction.Open open =
        assertInstanceOf(PaymentAction.Open.class, parsed(Payloads.openAuthorization()));
    Funding.Eip3009 funding = assertInstanceOf(Funding.Eip3009.class, open.funding());
    assertEquals(Payloads.PAYER, funding.from());
    assertEquals(Amount.of(10_000_000), funding.value());
    assertEquals(Payloads.SIGNATURE, funding.signature().hex());
    assertEquals(Payloads.VOUCHER_SIGNATURE, open.voucher().signature().hex());
  }

  @Test
  void parse_openByPermit2_givesEverything() {
    PaymentAction.Open open =
        assertInstanceOf(PaymentAction.Open.class, parsed(Payloads.openPermit2()));
    Funding.Permit2 funding = assertInstanceOf(Funding.Permit2.class, open.funding());
    assertEquals(Payloads.TOKEN, funding.token());
    assertEquals(Payloads.SIGNATURE, funding.signature().hex());
  }

  @Test
  void parse_openWithoutSigner_meansThePayer() {
    Map<String, Object> payload = Payloads.openHash();
    payload.remove("authorizedSigner");
    PaymentAction.Open open = assertInstanceOf(PaymentAction.Open.class, parsed(payload));
    assertEquals(Address.ZERO, open.authorizedSigner());
  }

  @Test
  void parse_topUps_giveTheAmountAndTheSaltWhereThereIsOne() {
    PaymentAction.TopUp hash =
        assertInstanceOf(PaymentAction.TopUp.class, parsed(Payloads.topUpHash()));
    PaymentAction.TopUp relayed =
        assertInstanceOf(PaymentAction.TopUp.class, parsed(Payloads.topUpAuthorization()));
    PaymentAction.TopUp permit =
        assertInstanceOf(PaymentAction.TopUp.class, parsed(Payloads.topUpPermit2()));
    assertEquals(Amount.of(500), hash.additional());
    assertEquals(Amount.of(500), relayed.additional());
    assertEquals(Amount.of(10_000_000), permit.additional());
    assertNull(hash.salt());
    assertEquals(Payloads.SALT, relayed.salt());
    assertNull(permit.salt());
  }

  @Test
  void parse_vouchers_giveTheDepositWhereThereIsOne() {
    PaymentAction.Pay plain = assertInstanceOf(PaymentAction.Pay.class, parsed(Payloads.voucher()));
    PaymentAction.Pay toppedUp =
        assertInstanceOf(PaymentAction.Pay.class, parsed(Payloads.voucherWithTopUp()));
    PaymentAction.Pay opened =
        assertInstanceOf(PaymentAction.Pay.class, parsed(Payloads.voucherWithOpen()));
    assertNull(plain.deposit());
    assertInstanceOf(PaymentAction.TopUp.class, toppedUp.deposit());
    PaymentAction.Open open = assertInstanceOf(PaymentAction.Open.class, opened.deposit());
    assertEquals(opened.voucher(), open.voucher());
    assertEquals(Amount.of(250_000), plain.voucher().cumulative());
  }

  @Test
  void parse_close_givesItsVoucher() {
    PaymentAction.Close close =
        assertInstanceOf(PaymentAction.Close.class, parsed(Payloads.close()));
    assertEquals(Amount.of(250_000), close.voucher().cumulative());
  }

  @TestFactory
  Stream<DynamicTest> parse_unknownFieldsEverywhere_areIgnored() {
    return eachShape(
        payload -> {
          for (Map<String, Object> object : Payloads.objects(payload)) {
            object.put("somethingNew", List.of(1, "two"));
          }
          assertInstanceOf(Result.Ok.class, parser.parse(payload, Payloads.SOURCE));
        });
  }

  @TestFactory
  Stream<DynamicTest> parse_anyFieldOfAnotherType_namesTheField() {
    return eachShape(
        payload -> {
          for (Object wrong : new Object[] {7, true, List.of(), Map.of(), 1.5}) {
            everyField(payload, wrong);
          }
        });
  }

  @TestFactory
  Stream<DynamicTest> parse_anyTextSpoilt_namesTheField() {
    return eachShape(
        payload -> {
          for (String wrong : new String[] {"", " ", "0x", "-1", "0x0g", "01", "\n", "1e3"}) {
            everyField(payload, wrong);
          }
        });
  }

  @TestFactory
  Stream<DynamicTest> parse_anyHexInUppercase_isRefusedUnlessAnAddress() {
    return eachShape(
        payload -> {
          for (Map<String, Object> object : Payloads.objects(payload)) {
            for (Map.Entry<String, Object> field : object.entrySet()) {
              if (field.getValue() instanceof String text && text.startsWith("0x")) {
                field.setValue("0x" + text.substring(2).toUpperCase(Locale.ROOT));
                boolean address = text.length() == 42;
                Result<PaymentAction> result = parser.parse(payload, Payloads.SOURCE);
                assertEquals(address, result instanceof Result.Ok, field.getKey());
                field.setValue(text);
              }
            }
          }
        });
  }

  @TestFactory
  Stream<DynamicTest> parse_anyRequiredFieldMissing_namesTheField() {
    return eachShape(
        payload -> {
          for (Map<String, Object> object : Payloads.objects(payload)) {
            for (String name : List.copyOf(object.keySet())) {
              Object value = object.remove(name);
              boolean optional =
                  name.equals("deposit")
                      || (name.equals("authorizedSigner") && object.containsKey("type"));
              Result<PaymentAction> result = parser.parse(payload, Payloads.SOURCE);
              if (!optional) {
                assertEquals(name, lastPart(malformed(result).field()));
              }
              object.put(name, value);
            }
          }
        });
  }

  @ParameterizedTest
  @CsvSource({
    "340282366920938463463374607431768211455, true",
    "340282366920938463463374607431768211456, false",
    "999999999999999999999999999999999999999999999999999999999999999999, false"
  })
  void parse_amountAtTheBoundOf128Bits_isReadAndAboveItNot(String amount, boolean readable) {
    Map<String, Object> payload = Payloads.voucher();
    payload.put("cumulativeAmount", amount);
    assertEquals(readable, parser.parse(payload, null) instanceof Result.Ok);
  }

  @ParameterizedTest
  @NullSource
  @ValueSource(
      strings = {
        "",
        "0xebdc9445180038ef3d93f0a44a0671384c65b342",
        "did:pkh:eip155:1:0xebdc9445180038ef3d93f0a44a0671384c65b342",
        "did:pkh:eip155:3141:0xebdc9445180038ef3d93f0a44a0671384c65b342",
        "did:pkh:eip155:314:0xebdc9445180038ef3d93f0a44a0671384c65b3",
        "did:pkh:solana:314:0xebdc9445180038ef3d93f0a44a0671384c65b342",
        "did:key:z6Mk"
      })
  void parse_hashWithoutAPayerOnThisChain_namesTheSource(@Nullable String source) {
    assertEquals("source", malformed(parser.parse(Payloads.openHash(), source)).field());
    assertEquals("source", malformed(parser.parse(Payloads.topUpHash(), source)).field());
  }

  @Test
  void parse_sourceOtherThanWhoAuthorizesTheOpen_namesTheSource() {
    String other = "did:pkh:eip155:314:" + Payloads.PAYEE;
    assertEquals("source", malformed(parser.parse(Payloads.openPermit2(), other)).field());
    assertInstanceOf(Result.Ok.class, parser.parse(Payloads.openPermit2(), null));
    assertInstanceOf(Result.Ok.class, parser.parse(Payloads.voucher(), other));
  }

  @ParameterizedTest
  @CsvSource({
    "openAuthorization, authorization.to, 0x00000000000000000000000000000000000000aa",
    "openAuthorization, authorization.value, 0",
    "openAuthorization, authorization.validBefore, 0",
    "openAuthorization, type, transaction",
    "openPermit2, authorization.permitted.amount, 0",
    "voucherWithTopUp, deposit.type, hash",
    "voucherWithTopUp, deposit.action, close",
    "voucherWithTopUp, deposit.authorization.to, 0x00000000000000000000000000000000000000aa",
    "topUpHash, additionalDeposit, 0",
    "topUpAuthorization, additionalDeposit, 501",
    "topUpPermit2, additionalDeposit, 9999999",
    "topUpAuthorization, authorization.nonce, SALT",
    "openPermit2, authorization.witness.salt, TX",
    "openPermit2, authorization.witness.payee, 0x00000000000000000000000000000000000000aa",
    "openPermit2, authorization.witness.authorizedSigner, 0x00000000000000000000000000000000000000aa",
    "topUpPermit2, authorization.witness.channelId, TX",
    "voucher, action, Voucher"
  })
  void parse_fieldThatContradictsTheRest_namesIt(String shape, String path, String value) {
    Map<String, Object> payload = Payloads.all().getOrDefault(shape, Map.of());
    String[] parts = path.split("\\.", -1);
    Map<String, Object> object = payload;
    for (int i = 0; i < parts.length - 1; i++) {
      object = Payloads.child(object, parts[i]);
    }
    object.put(
        parts[parts.length - 1],
        value.replace("SALT", Payloads.SALT).replace("TX", Payloads.TX_HASH));
    assertEquals(path, malformed(parser.parse(payload, Payloads.SOURCE)).field());
  }

  private void everyField(Map<String, Object> payload, Object wrong) {
    for (Map<String, Object> object : Payloads.objects(payload)) {
      for (Map.Entry<String, Object> field : object.entrySet()) {
        Object right = field.getValue();
        field.setValue(wrong);
        Refusal.Malformed refusal = malformed(parser.parse(payload, Payloads.SOURCE));
        assertFalse(refusal.expected().isEmpty());
        boolean inside = right instanceof Map && wrong instanceof Map;
        if (!inside) {
          assertEquals(field.getKey(), lastPart(refusal.field()));
        }
        field.setValue(right);
      }
    }
  }

  private static Stream<DynamicTest> eachShape(
      org.junit.jupiter.api.function.ThrowingConsumer<Map<String, Object>> check) {
    return DynamicTest.stream(
        Payloads.all().entrySet().stream(),
        Map.Entry::getKey,
        entry -> check.accept(entry.getValue()));
  }

  private PaymentAction parsed(Map<String, Object> payload) {
    Result<PaymentAction> result = parser.parse(payload, Payloads.SOURCE);
    if (result instanceof Result.Ok<PaymentAction> ok) {
      return ok.value();
    }
    throw new AssertionError("refused: " + result);
  }

  private static Refusal.Malformed malformed(Result<PaymentAction> result) {
    Result.Refused<?> refused = assertInstanceOf(Result.Refused.class, result);
    return assertInstanceOf(Refusal.Malformed.class, refused.refusal());
  }

  private static String lastPart(String path) {
    return path.substring(path.lastIndexOf('.') + 1);
  }
}
