package io.tollstream.channels;

import static io.tollstream.channels.Samples.address;
import static io.tollstream.channels.Samples.channel;
import static io.tollstream.channels.Samples.id;
import static io.tollstream.channels.Samples.ok;
import static io.tollstream.channels.Samples.refusal;
import static io.tollstream.channels.Samples.voucher;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tollstream.metering.Amount;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class ValuesTest {
  private static final String MIXED = "0xABcdEFabcdefABCDEFabcdefabcdefabcdefABCD";

  @Test
  void address_anyCase_isEqualAndPrintsLowercase() {
    assertEquals(new Address(MIXED), new Address(MIXED.toLowerCase(Locale.ROOT)));
    assertEquals(MIXED.toLowerCase(Locale.ROOT), new Address(MIXED).toString());
    assertEquals(new Address(MIXED), Address.of(new Address(MIXED).bytes()));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "0x",
        "abcdefabcdefabcdefabcdefabcdefabcdefabcdef",
        "0Xabcdefabcdefabcdefabcdefabcdefabcdefabcd",
        "0xabcdefabcdefabcdefabcdefabcdefabcdefab",
        "0xabcdefabcdefabcdefabcdefabcdefabcdefabcdef",
        "0xabcdefabcdefabcdefabcdefabcdefabcdefabcg",
        "0xabcdefabcdefabcdefabcdefabcdefabcdefab\n1"
      })
  void address_malformed_throws(String text) {
    assertThrows(IllegalArgumentException.class, () -> new Address(text));
  }

  @Test
  void isMaskedId_filecoinActorIds_only() {
    assertTrue(new Address("0xff00000000000000000000000000000000001234").isMaskedId());
    assertFalse(new Address("0xff00000000000000000000010000000000001234").isMaskedId());
    assertFalse(address(0xff).isMaskedId());
    assertFalse(Address.ZERO.isMaskedId());
    assertTrue(Address.ZERO.isZero());
  }

  @Test
  void channelId_uppercase_isRefused() {
    String hex = "0x" + "ab".repeat(32);
    assertEquals(new ChannelId(hex), ChannelId.of(new ChannelId(hex).bytes()));
    assertThrows(IllegalArgumentException.class, () -> new ChannelId("0x" + "AB".repeat(32)));
    assertThrows(IllegalArgumentException.class, () -> new ChannelId("0x" + "ab".repeat(31)));
    assertTrue(id(1).compareTo(id(2)) < 0);
  }

  @Test
  void signature_printed_isHidden() {
    Signature signature = voucher(1, 5).signature();
    assertEquals("Signature[hidden]", signature.toString());
    assertFalse(voucher(1, 5).toString().contains(signature.hex().substring(2, 20)));
  }

  @Test
  void signature_copiesBytes_isImmutable() {
    byte[] bytes = new byte[Signature.LENGTH];
    Signature signature = Signature.of(bytes);
    bytes[0] = 1;
    signature.bytes()[1] = 1;
    assertEquals(Signature.of(new byte[Signature.LENGTH]), signature);
    assertEquals(signature.hashCode(), Signature.parse(signature.hex()).hashCode());
    assertNotEquals(signature, voucher(1, 5).signature());
    assertThrows(IllegalArgumentException.class, () -> Signature.of(new byte[64]));
  }

  /** What is refused may still be somebody's signature with one digit mistyped. */
  @Test
  void signature_malformed_isNotInTheMessage() {
    String hex = "0x" + "ab".repeat(64) + "zz";
    var refused = assertThrows(IllegalArgumentException.class, () -> Signature.parse(hex));
    assertFalse(refused.toString().contains("abab"));
    assertThrows(IllegalArgumentException.class, () -> Signature.parse("0x" + "AB".repeat(65)));
  }

  @Test
  void hex_bothWays_isTheSame() {
    byte[] bytes = {0, 1, (byte) 0x80, (byte) 0xff};
    assertEquals("0x000180ff", Hex.encode(bytes));
    assertArrayEquals(bytes, Hex.decode("0x000180FF", 4));
    assertArrayEquals(bytes, Hex.decodeLowercase("0x000180ff", 4));
    assertThrows(IllegalArgumentException.class, () -> Hex.decodeLowercase("0x000180FF", 4));
    assertThrows(IllegalArgumentException.class, () -> Hex.decode("0x000180f", 4));
  }

  @Test
  void channel_impossible_throws() {
    assertThrows(
        IllegalArgumentException.class, () -> channel(1, Amount.of(1), Amount.of(2), 0, false));
    assertThrows(
        IllegalArgumentException.class, () -> channel(1, Amount.of(1), Amount.ZERO, -1, false));
    assertThrows(IllegalArgumentException.class, () -> new Escrow(0, address(1)));
    assertThrows(IllegalArgumentException.class, () -> new Escrow(1, Address.ZERO));
  }

  @Test
  void channel_signer_isThePayerUnlessNamed() {
    Channel channel = channel(1, 5);
    assertEquals(channel.payer(), channel.signer());
  }

  @Test
  void then_okOrRefused_goesOnOrPassesThrough() {
    Refusal refusal = new Refusal.TooManyTariffs();
    assertEquals("ab", ok(Result.ok("a").then(a -> Result.ok(a + "b"))));
    assertEquals(refusal, refusal(Result.<String>refused(refusal).then(Result::ok)));
    assertEquals(refusal, refusal(Result.ok("a").then(any -> Result.refused(refusal))));
  }
}
