package io.tollstream.channels.evm;

import io.tollstream.channels.Address;
import io.tollstream.metering.Amount;
import java.math.BigInteger;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.web3j.protocol.Web3j;
import org.web3j.protocol.core.DefaultBlockParameter;
import org.web3j.protocol.core.DefaultBlockParameterName;
import org.web3j.protocol.core.Request;
import org.web3j.protocol.core.methods.request.EthFilter;
import org.web3j.protocol.core.methods.request.Transaction;
import org.web3j.protocol.core.methods.response.EthBlock;
import org.web3j.protocol.core.methods.response.EthEstimateGas;
import org.web3j.protocol.core.methods.response.EthLog;
import org.web3j.protocol.core.methods.response.Log;
import org.web3j.protocol.core.methods.response.TransactionReceipt;
import org.web3j.utils.Numeric;

/** The questions that a node is asked. Each blocks its caller. */
final class Node {
  /** What a node answers for an address without code. */
  static final String NO_CODE = "0x";

  static final int MAX_NULL_ROUNDS = 16;

  private final Rpc rpc;
  private final Source source;

  Node(Rpc rpc) {
    this(rpc, rpc);
  }

  private Node(Rpc rpc, Source source) {
    this.rpc = rpc;
    this.source = source;
  }

  /** What is read of a block. */
  record Block(long number, String hash, long timestamp, @Nullable BigInteger baseFee) {}

  /** What is asked in several requests that one endpoint must answer, all of them. */
  @FunctionalInterface
  interface Conversation<T> {
    T with(Node one) throws RpcFailure;
  }

  /** Asks one endpoint, and the next one from the start where one cannot answer it all. */
  <T> T onOne(Conversation<T> conversation) throws RpcFailure {
    return rpc.first(endpoint -> conversation.with(on(endpoint)));
  }

  /** The same questions, to one endpoint. */
  Node on(Endpoint endpoint) {
    return new Node(rpc, endpoint);
  }

  /** The highest number of a block that any endpoint has told of lately. */
  long head() throws RpcFailure {
    return rpc.head();
  }

  /** What one endpoint takes for the newest block. */
  Block latest() throws RpcFailure {
    return block(DefaultBlockParameterName.LATEST);
  }

  /** The newest block that any endpoint tells of now: one that stands still hides nothing. */
  Block newest() throws RpcFailure {
    return Collections.max(rpc.all(this::own), Comparator.comparingLong(Block::number));
  }

  private Block own(Endpoint endpoint) throws RpcFailure {
    Block own = on(endpoint).latest();
    rpc.surveyed(endpoint, own.number());
    return own;
  }

  /** The highest number of a block that anybody has told of lately; asks nobody. */
  long known() {
    return rpc.highest();
  }

  /** The newest block that is final enough, of all that any endpoint has told of lately. */
  long finalBlock(Finality finality) throws RpcFailure {
    return finality instanceof Finality.Tag tag
        ? rpc.told(tag, tagged(tag))
        : ((Finality.Confirmations) finality).before(head());
  }

  /** What this node itself takes for it, whose newest block has this number. */
  long ownFinalBlock(long newest, Finality finality) throws RpcFailure {
    return finality instanceof Finality.Tag tag
        ? tagged(tag)
        : ((Finality.Confirmations) finality).before(newest);
  }

  private long tagged(Finality.Tag tag) throws RpcFailure {
    String name = tag.name().toLowerCase(Locale.ROOT);
    return block(DefaultBlockParameterName.fromString(name)).number();
  }

  /** A block, or the last one before it where nobody mined it. */
  Block block(long number) throws RpcFailure {
    return atOrBefore(number, each -> block(at(each)));
  }

  /** What a contract logged in these blocks, of which the first must not be a null round. */
  List<Log> logs(Address contract, long from, long to) throws RpcFailure {
    EthFilter filter = new EthFilter(at(from), at(to), contract.hex());
    return source.ask(web3j -> web3j.ethGetLogs(filter), answer -> logs(answer));
  }

  private static List<Log> logs(EthLog answer) {
    return answer.getLogs().stream().map(log -> ((EthLog.LogObject) log).get()).toList();
  }

  private Block block(DefaultBlockParameter which) throws RpcFailure {
    return source.ask(web3j -> web3j.ethGetBlockByNumber(which, false), a -> block(a.getBlock()));
  }

  private static Block block(EthBlock.@Nullable Block block) {
    if (block == null) {
      throw new Endpoint.UnknownBlock();
    }
    String fee = block.getBaseFeePerGasRaw();
    return new Block(
        block.getNumber().longValueExact(),
        block.getHash(),
        block.getTimestamp().longValueExact(),
        fee == null ? null : Numeric.decodeQuantity(fee));
  }

  /** Reads from a contract at what the node itself takes for the newest block. */
  <T> T readOwn(Call call, Function<Returned, T> as) throws RpcFailure {
    return call(null, call, DefaultBlockParameterName.LATEST, as);
  }

  /** Reads from a contract at the newest block that is known of: by no node that lags behind it. */
  <T> T read(Call call, Function<Returned, T> as) throws RpcFailure {
    return read(call, head(), as);
  }

  /** Reads what a contract may lack; empty where it does, or is none. */
  <T> Optional<T> readIfThere(Call call, Function<Returned, T> as) throws RpcFailure {
    try {
      return read(call, returned -> returned.isEmpty() ? Optional.empty() : readable(returned, as));
    } catch (RpcFailure failure) {
      if (failure.isRevert()) {
        return Optional.empty();
      }
      throw failure;
    }
  }

  private static <T> Optional<T> readable(Returned returned, Function<Returned, T> as) {
    try {
      return Optional.of(as.apply(returned));
    } catch (IllegalArgumentException | ArithmeticException unreadable) {
      return Optional.empty();
    }
  }

  /** Reads at a block, or at the last one before it in which somebody mined. */
  <T> T read(Call call, long block, Function<Returned, T> as) throws RpcFailure {
    return atOrBefore(block, number -> call(null, call, at(number), as));
  }

  /** Something that is asked of a block. */
  @FunctionalInterface
  private interface Question<T> {
    T at(long block) throws RpcFailure;
  }

  private static <T> T atOrBefore(long block, Question<T> question) throws RpcFailure {
    for (long number = block; ; number--) {
      try {
        return question.at(number);
      } catch (RpcFailure failure) {
        if (!failure.isNullRound() || number == 0 || block - number == MAX_NULL_ROUNDS) {
          throw failure;
        }
      }
    }
  }

  /** Runs a call without a trace; throws what it would revert with. */
  void simulate(Address from, Call call) throws RpcFailure {
    simulate(from, call, head());
  }

  /** As {@link #simulate(Address, Call)}, after all that waits to be mined. */
  void simulatePending(Address from, Call call) throws RpcFailure {
    var unused = call(from, call, DefaultBlockParameterName.PENDING, Returned::isEmpty);
  }

  /** Runs a call again, after a block. */
  void simulate(Address from, Call call, long block) throws RpcFailure {
    var unused = atOrBefore(block, number -> call(from, call, at(number), Returned::isEmpty));
  }

  private static DefaultBlockParameter at(long number) {
    return DefaultBlockParameter.valueOf(BigInteger.valueOf(number));
  }

  private <T> T call(
      @Nullable Address from, Call call, DefaultBlockParameter block, Function<Returned, T> as)
      throws RpcFailure {
    Transaction transaction = transaction(from, call);
    return source.ask(
        web3j -> web3j.ethCall(transaction, block),
        answer -> as.apply(new Returned(answer.getValue())));
  }

  BigInteger estimateGas(Address from, Call call) throws RpcFailure {
    Transaction transaction = transaction(from, call);
    return atOrBefore(
        head(),
        number ->
            source.ask(
                web3j -> estimate(web3j, transaction, number), answer -> answer.getAmountUsed()));
  }

  /** web3j names no block, and a replica that lags would estimate on old state. */
  @SuppressWarnings("unchecked") // of the parameters, whose type only the serializer sees
  private static Request<?, EthEstimateGas> estimate(
      Web3j web3j, Transaction transaction, long block) {
    var request = (Request<Object, EthEstimateGas>) web3j.ethEstimateGas(transaction);
    request.setParams(List.of(transaction, at(block).getValue()));
    return request;
  }

  /** Whether any node has the transaction, mined or waiting. */
  boolean knows(String transactionHash) throws RpcFailure {
    return source
        .find(
            web3j -> web3j.ethGetTransactionByHash(transactionHash),
            answer -> answer.getTransaction())
        .isPresent();
  }

  /** Whether any node has the transaction in a block. */
  boolean hasMined(String transactionHash) throws RpcFailure {
    return source
        .find(
            web3j -> web3j.ethGetTransactionByHash(transactionHash),
            answer -> answer.getTransaction().filter(found -> found.getBlockHash() != null))
        .isPresent();
  }

  BigInteger gasPrice() throws RpcFailure {
    return source.ask(web3j -> web3j.ethGasPrice(), answer -> answer.getGasPrice());
  }

  BigInteger priorityFee() throws RpcFailure {
    return source.ask(
        web3j -> web3j.ethMaxPriorityFeePerGas(), answer -> answer.getMaxPriorityFeePerGas());
  }

  /** The nonce of the account's next transaction, those that wait counted. */
  BigInteger nextNonce(Address account) throws RpcFailure {
    return source.ask(
        web3j -> web3j.ethGetTransactionCount(account.hex(), DefaultBlockParameterName.PENDING),
        answer -> answer.getTransactionCount());
  }

  /** The nonce of the account's next transaction, only those counted that are mined. */
  BigInteger minedNonce(Address account) throws RpcFailure {
    return minedNonce(account, head());
  }

  /** As {@link #minedNonce(Address)}, after a block. */
  BigInteger minedNonce(Address account, long block) throws RpcFailure {
    return atOrBefore(block, number -> minedNonce(account, at(number)));
  }

  private BigInteger minedNonce(Address account, DefaultBlockParameter block) throws RpcFailure {
    return source.ask(
        web3j -> web3j.ethGetTransactionCount(account.hex(), block),
        answer -> answer.getTransactionCount());
  }

  /**
   * To every node that takes it: one may drop it without a word.
   *
   * @throws RpcFailure if none takes it, or one finds its nonce taken, whatever the others say
   */
  void send(String signedTransaction) throws RpcFailure {
    source.spread(web3j -> web3j.ethSendRawTransaction(signedTransaction));
  }

  /** Empty while no node knows that the transaction is mined. */
  Optional<TransactionReceipt> receipt(String transactionHash) throws RpcFailure {
    Optional<TransactionReceipt> receipt =
        source.find(
            web3j -> web3j.ethGetTransactionReceipt(transactionHash),
            answer -> answer.getTransactionReceipt());
    receipt.ifPresent(found -> rpc.told(Receipts.block(found)));
    return receipt;
  }

  boolean hasCode(Address address) throws RpcFailure {
    return !code(address).equals(NO_CODE);
  }

  /** The code at an address, {@code 0x} where there is none. */
  String code(Address address) throws RpcFailure {
    return source.ask(
        web3j -> web3j.ethGetCode(address.hex(), DefaultBlockParameterName.LATEST),
        answer -> answer.getCode());
  }

  /** What an account holds of a token, or of native coin where the token is zero. */
  Amount balance(Address token, Address holder) throws RpcFailure {
    if (!token.isZero()) {
      return read(TokenCalls.balanceOf(token, holder), returned -> returned.amountOrMax(0));
    }
    return atOrBefore(
        head(),
        number ->
            source.ask(
                web3j -> web3j.ethGetBalance(holder.hex(), at(number)),
                answer -> new Amount(answer.getBalance().min(Amount.MAX.baseUnits()))));
  }

  private static Transaction transaction(@Nullable Address from, Call call) {
    return new Transaction(
        hexOrNull(from), null, null, null, hexOrNull(call.to()), call.value(), call.data());
  }

  private static @Nullable String hexOrNull(@Nullable Address address) {
    return address == null ? null : address.hex();
  }
}
