package io.tollstream.channels.evm;

final class BouncyCastleSecp256k1Test extends Secp256k1TestBase {
  BouncyCastleSecp256k1Test() {
    super(new BouncyCastleSecp256k1());
  }
}
