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

  private final EvmNetwork network;
  private final Rpc rpc;
  private final Node node;
  private final Workers workers = new Workers("tollstream-deployer", 1);
  private final OwnTransactions transactions;

  /**
   * Connects to nothing yet.
   *
   * @param signer who pays for gas; it gets no rights by it
   */
  public Deployer(EvmNetwork network, Signer signer) {
    this.network = network;
    rpc = new Rpc(network);
    node = new Node(rpc);
    transactions = new OwnTransactions(network, node, workers, signer);
  }

  /**
   * Deploys an escrow, and looks whether what payers are going to check is in order there.
   *
   * @param gracePeriod of a forced close, in whole seconds, from ten minutes to thirty days
   * @param permit2 the chain's Permit2, or zero to do without
   * @throws IllegalArgumentException if payers would refuse such an escrow
   */
  public CompletionStage<Result<Address>> escrow(
      String domainName, Duration gracePeriod, Address permit2) {
    EscrowProbe.requireAcceptable(gracePeriod.toSeconds(), permit2);
    String arguments =
        Abi.constructor(
            Abi.string(domainName), Abi.uint64(gracePeriod.toSeconds()), Abi.address(permit2));
    return Workers.then(
        deploy("TollstreamEscrow", arguments), contract -> verified(contract, domainName));
  }

  /** Asks until the code shows: another endpoint may lag behind the one that gave the receipt. */
  private CompletionStage<Result<Address>> verified(Address contract, String domainName) {
    EvmEscrow escrow = new EvmEscrow(network, contract, domainName, Finality.confirmations(1));
    EscrowProbe probe = new EscrowProbe(node, new EscrowCalls(contract));
    return workers.poll(
        network,
        () ->
            node.hasCode(contract) ? probe.verify(escrow).then(facts -> Result.ok(contract)) : null,
        () -> new Refusal.Unavailable("the code that was deployed to " + contract));
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
