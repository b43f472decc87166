package io.tollstream.channels.evm;

final class NativeSecp256k1Test extends Secp256k1TestBase {
  NativeSecp256k1Test() {
    super(new NativeSecp256k1());
  }
}
