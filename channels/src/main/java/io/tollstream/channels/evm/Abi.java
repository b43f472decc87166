package io.tollstream.channels.evm;

import io.tollstream.channels.Hex;
import io.tollstream.metering.Amount;
import java.math.BigInteger;
import java.util.Arrays;
import java.util.List;
import org.web3j.abi.FunctionEncoder;
import org.web3j.abi.datatypes.Address;
import org.web3j.abi.datatypes.DynamicArray;
import org.web3j.abi.datatypes.DynamicBytes;
import org.web3j.abi.datatypes.Function;
import org.web3j.abi.datatypes.StaticStruct;
import org.web3j.abi.datatypes.Type;
import org.web3j.abi.datatypes.Utf8String;
import org.web3j.abi.datatypes.generated.Bytes32;
import org.web3j.abi.datatypes.generated.Uint128;
import org.web3j.abi.datatypes.generated.Uint256;
import org.web3j.abi.datatypes.generated.Uint64;

/** Lays out calls as Solidity reads them. */
@SuppressWarnings("rawtypes") // web3j's own signatures are
final class Abi {
  private Abi() {}

  static String function(String name, Type<?>... arguments) {
    return FunctionEncoder.encode(
        new Function(name, Arrays.<Type>asList(arguments), Arrays.asList()));
  }

  /** Without prefix, to go behind a contract's bytecode. */
  static String constructor(Type<?>... arguments) {
    return FunctionEncoder.encodeConstructor(Arrays.<Type>asList(arguments));
  }

  /** The first four bytes of the hash, as digits without prefix. */
  static String selector(String signature) {
    return Hex.encode(Keccak.hash(signature)).substring(2, 10);
  }

  static Type<?> address(io.tollstream.channels.Address address) {
    return new Address(address.hex());
  }

  static Type<?> uint64(long number) {
    return new Uint64(number);
  }

  static Type<?> uint128(Amount amount) {
    return new Uint128(amount.baseUnits());
  }

  static Type<?> uint256(BigInteger number) {
    return new Uint256(number);
  }

  static Type<?> bytes32(byte[] bytes) {
    return new Bytes32(bytes);
  }

  static Type<?> bytes(byte[] bytes) {
    return new DynamicBytes(bytes);
  }

  static Type<?> structs(List<StaticStruct> structs) {
    return new DynamicArray<>(StaticStruct.class, structs);
  }

  static Type<?> string(String text) {
    return new Utf8String(text);
  }
}
