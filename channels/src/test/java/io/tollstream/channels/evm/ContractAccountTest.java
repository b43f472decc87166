package io.tollstream.channels.evm;

import static io.tollstream.channels.evm.LocalEscrow.ok;
import static io.tollstream.channels.evm.LocalEscrow.refusal;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tollstream.channels.Address;
import io.tollstream.channels.Channel;
import io.tollstream.channels.ChannelId;
import io.tollstream.channels.Hex;
import io.tollstream.channels.Refusal;
import io.tollstream.channels.Signature;
import io.tollstream.channels.Voucher;
import io.tollstream.metering.Amount;
import java.math.BigInteger;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** Contract wallets as signers and payers, and contracts that only pretend. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class ContractAccountTest {
  private static final Amount DEPOSIT = Amount.of(1_000_000);
  private static final String SALT = "0x" + "5a".repeat(32);

  /** Returns ERC-1271's magic value, whatever it is asked. */
  private static final String AGREES = "0x7f1626ba7e" + "00".repeat(28) + "60005260206000f3";

  /** Returns zero. */
  private static final String DISAGREES = "0x60206000f3";

  /** Reverts. */
  private static final String BREAKS = "0x60006000fd";

  /** Calls the address of its first word with the data behind it and the coin that came along. */
  private static final String FORWARDS =
      "0x6020360360206000376000600060203603600034600035" + "5af115601e57005b60006000fd";

  /** Logs its two words as topics. */
  private static final String LOGS = "0x60203560003560006000a2";

  private final LocalEscrow local = LocalEscrow.start();
  private final EvmChain chain = new EvmChain(local.escrow, local.payee);
  private final EvmSession session = new EvmSession(local.escrow.domainName(), chain, true);
  private final EvmWallet wallet = new EvmWallet(local.escrow, local.payer);
  private final EscrowCalls calls = new EscrowCalls(local.escrow.contract());

  @AfterAll
  void stop() {
    chain.close();
    wallet.close();
    local.close();
  }

  @Test
  void verify_signerIsAContract_isAskedAndItsVoucherRedeemed() {
    Channel channel = openWithSigner(contract(1, AGREES));
    Voucher voucher = wallet.sign(channel.id(), Amount.of(9));
    assertEquals(voucher, ok(session.verify(voucher, channel)));
    assertEquals(Amount.of(9), ok(chain.settle(voucher)).channel().settled());
  }

  @Test
  void verify_contractThatDisagreesOrBreaks_isAMismatch() {
    for (Address signer : new Address[] {contract(2, DISAGREES), contract(3, BREAKS)}) {
      Channel channel = openWithSigner(signer);
      Voucher voucher = wallet.sign(channel.id(), Amount.of(9));
      assertEquals(
          new Refusal.SignerMismatch(signer, local.payer.address()),
          refusal(session.verify(voucher, channel)));
    }
  }

  @Test
  void verify_contractWhereNoneMaySign_isAMismatchAndNotAsked() {
    EvmSession keysOnly = new EvmSession(local.escrow.domainName(), chain, false);
    Address signer = contract(5, AGREES);
    Channel channel = openWithSigner(signer);
    assertEquals(
        new Refusal.SignerMismatch(signer, local.payer.address()),
        refusal(keysOnly.verify(wallet.sign(channel.id(), Amount.of(9)), channel)));
  }

  @Test
  void isValidSignature_ofAnAddressWithoutCode_isFalse() {
    Signature signature = wallet.sign(ChannelId.of(new byte[32]), Amount.ZERO).signature();
    Address nobody = new Address("0x" + "77".repeat(20));
    assertFalse(ok(chain.isValidSignature(nobody, new byte[32], signature)));
    assertFalse(ok(chain.isValidSignature(nobody, new byte[32], signature)));
    assertTrue(ok(chain.isValidSignature(contract(4, AGREES), new byte[32], signature)));
  }

  @Test
  void awaitOpen_throughTheAccountsContract_isSeenByTheEscrowsEvent() {
    Address account = contract(5, FORWARDS);
    Opening opening = new Opening(account, local.payee.address(), Address.ZERO, SALT, Address.ZERO);
    Call open = calls.open(opening, DEPOSIT);
    String hash =
        send(
            account,
            word(local.escrow.contract().hex()) + open.data().substring(2),
            DEPOSIT.baseUnits());
    ChannelId id = opening.channelId(local.escrow.escrow());
    Channel channel = ok(chain.awaitOpen(hash, id));
    assertEquals(account, channel.payer());
    assertEquals(DEPOSIT, channel.deposit());
  }

  @Test
  void awaitOpen_eventOfAnotherContract_foolsNobody() {
    ChannelId id = ok(wallet.open(local.payee.address(), Address.ZERO, DEPOSIT)).channel().id();
    byte[] topic =
        Keccak.hash("ChannelOpened(bytes32,address,address,address,address,bytes32,uint128)");
    String topics = Hex.encode(topic).substring(2) + id.hex().substring(2);
    String hash = send(contract(6, LOGS), topics, BigInteger.ZERO);
    assertInstanceOf(Refusal.ChannelMismatch.class, refusal(chain.awaitOpen(hash, id)));
  }

  private Channel openWithSigner(Address signer) {
    Opening opening =
        new Opening(local.payer.address(), local.payee.address(), Address.ZERO, SALT, signer);
    Call open = calls.open(opening, DEPOSIT);
    String hash = send(local.escrow.contract(), open.data().substring(2), DEPOSIT.baseUnits());
    return ok(chain.awaitOpen(hash, opening.channelId(local.escrow.escrow())));
  }

  private String send(Address to, String data, BigInteger value) {
    return local
        .anvil
        .rpc(
            "eth_sendTransaction",
            Map.of(
                "from",
                local.payer.address().hex(),
                "to",
                to.hex(),
                "value",
                "0x" + value.toString(16),
                "data",
                "0x" + data))
        .asText();
  }

  private static String word(String address) {
    return "0".repeat(24) + address.substring(2);
  }

  private Address contract(int number, String code) {
    Address address = new Address("0x" + "c0de".repeat(9) + String.format("%04x", number));
    local.anvil.setCode(address, code);
    return address;
  }
}
