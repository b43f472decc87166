package io.tollstream.channels.evm;

import io.tollstream.channels.Address;
import io.tollstream.channels.ChannelId;
import io.tollstream.channels.Refusal;
import io.tollstream.channels.Result;
import io.tollstream.channels.Signer;
import io.tollstream.channels.evm.Reverts.Attempt;
import io.tollstream.metering.Amount;
import java.math.BigInteger;
import java.time.Duration;
import java.util.concurrent.CompletionStage;
import org.web3j.protocol.core.methods.response.TransactionReceipt;

/** Puts the project's contracts on a chain. */
public final class Deployer implements AutoCloseable {
  /** Where Permit2 stands on most chains. */
  public static final Address PERMIT2 = Permit2.CANONICAL;

  /** Nothing that is deployed concerns a channel. */
  private static final Attempt NO_CHANNEL =
      new Attempt(ChannelId.of(new byte[32]), Amount.ZERO, Amount.ZERO);

  private final Rpc rpc;
  private final Workers workers = new Workers("tollstream-deployer", 1);
  private final OwnTransactions transactions;

  /**
   * Connects to nothing yet.
   *
   * @param signer who pays for gas; it gets no rights by it
   */
  public Deployer(EvmNetwork network, Signer signer) {
    rpc = new Rpc(network);
    transactions = new OwnTransactions(network, new Node(rpc), workers, signer);
  }

  /**
   * Deploys an escrow.
   *
   * @param gracePeriod of a forced close, in whole seconds, at least ten minutes
   * @param permit2 the chain's Permit2, or zero to do without
   */
  public CompletionStage<Result<Address>> escrow(
      String domainName, Duration gracePeriod, Address permit2) {
    return deploy(
        "TollstreamEscrow",
        Abi.constructor(
            Abi.string(domainName), Abi.uint64(gracePeriod.toSeconds()), Abi.address(permit2)));
  }

  /** Deploys a token of 6 decimals that anybody may mint: for local chains only. */
  public CompletionStage<Result<Address>> testToken() {
    return deploy("TestToken", "");
  }

  /** Mints some of a test token; the transaction's hash. */
  public CompletionStage<Result<String>> mint(Address testToken, Address to, Amount amount) {
    return transactions.execute(
        TokenCalls.mint(testToken, to, amount),
        NO_CHANNEL,
        receipt -> Result.ok(receipt.getTransactionHash()));
  }

  private CompletionStage<Result<Address>> deploy(String contract, String arguments) {
    Call creation = new Call(null, Artifact.load(contract).bytecode() + arguments, BigInteger.ZERO);
    return transactions.execute(creation, NO_CHANNEL, Deployer::created);
  }

  private static Result<Address> created(TransactionReceipt receipt) {
    String address = receipt.getContractAddress();
    return address == null
        ? Result.refused(new Refusal.Unavailable("a receipt came without the contract's address"))
        : Result.ok(new Address(address));
  }

  @Override
  public void close() {
    transactions.close();
    workers.close();
    rpc.close();
  }
}
