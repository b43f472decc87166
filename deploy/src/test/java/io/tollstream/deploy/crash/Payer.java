package io.tollstream.deploy.crash;

import io.tollstream.channels.Channel;
import io.tollstream.channels.Voucher;
import io.tollstream.channels.Wallet;
import io.tollstream.channels.Wallet.Deposited;
import io.tollstream.channels.evm.LocalEscrow;
import io.tollstream.deploy.crash.Account.State;
import io.tollstream.deploy.crash.Stream.Pace;
import io.tollstream.gateway.wire.Receipt;
import io.tollstream.metering.Amount;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;

/**
 * Somebody with a key who opens channels, streams, pays in every way there is and closes, one piece
 * of work after the other, and takes it up again where a gateway died.
 */
final class Payer implements Runnable, AutoCloseable {
  private static final int LEAST_DEPOSIT = 1_500_000;
  private static final int MOST_DEPOSIT = 6_000_000;

  /** What any piece of work can need at most; who has less left closes the channel. */
  private static final Amount ROOM = Amount.of(500_000);

  private static final int MAX_PARALLEL = 4;
  private static final int MAX_BURST = 40; // more than a tab keeps
  private static final int REST_MILLIS = 20;

  private final Market market;
  private final Cluster cluster;
  private final Wallet wallet;
  private final Load load;
  private final Random random;
  private final List<Account> accounts = new CopyOnWriteArrayList<>();
  private final Till till;
  private @Nullable VoucherSocket socket; // of the present account

  Payer(Market market, Cluster cluster, Wallet wallet, Load load) {
    this.market = market;
    this.cluster = cluster;
    this.wallet = wallet;
    this.load = load;
    this.random = new Random(load.random().nextLong());
    this.till = new Till(cluster, load.incidents(), random);
  }

  Wallet wallet() {
    return wallet;
  }

  /** Its channels, in the order of their opening. */
  List<Account> accounts() {
    return accounts;
  }

  @Override
  public void run() {
    try {
      while (load.turnstile().enter()) {
        try {
          work();
          if (!isSelling()) {
            Thread.sleep(REST_MILLIS);
          }
        } catch (RuntimeException | Error e) {
          load.incidents().wrong(e);
          Thread.sleep(REST_MILLIS);
        } finally {
          load.turnstile().leave();
        }
      }
    } catch (InterruptedException e) {
      load.incidents().wrong(e);
    }
  }

  private void work() throws InterruptedException {
    Account last = accounts.isEmpty() ? null : accounts.get(accounts.size() - 1);
    if (last == null || last.state() == State.CLOSED) {
      open();
    } else if (last.state() == State.OPENING) {
      introduce(last);
    } else if (last.state() == State.CLOSING) {
      askAgain(last);
    } else if (load.isFinishing() || isUsedUp(last)) {
      close(last, null);
    } else {
      CountDownLatch demand = load.takeDemandForClose();
      if (demand != null) {
        close(last, demand);
      } else {
        use(last);
      }
    }
  }

  private static boolean isUsedUp(Account account) {
    return ROOM.exceeds(account.deposit().minusOrZero(account.best()));
  }

  private void open() throws InterruptedException {
    if (load.isFinishing()) {
      Thread.sleep(REST_MILLIS);
      return;
    }
    Amount deposit = Amount.of(random.nextInt(LEAST_DEPOSIT, MOST_DEPOSIT));
    Deposited deposited = LocalEscrow.ok(wallet.open(market.payee(), market.token(), deposit));
    Account account = new Account(wallet, deposited);
    accounts.add(account);
    introduce(account);
  }

  /** Tells the gateway of a channel, with a first voucher. */
  private void introduce(Account account) {
    Ware ware = Ware.any(random);
    Voucher first = account.ahead(ware.cost(Stream.WINDOW_BYTES));
    JsonObject payload =
        Till.payload("open", first)
            .put("type", "hash")
            .put("hash", account.deposited().transactionHash())
            .put("salt", account.deposited().salt());
    Receipt receipt = till.send(account, ware, payload);
    if (receipt != null) {
      account.acknowledged(first, receipt, Amount.ZERO);
      account.setState(State.OPEN);
    }
  }

  private void use(Account account) throws InterruptedException {
    int dice = random.nextInt(100);
    if (dice < 35) {
      stream(account, toldWare(), Pace.FULL, till, 1);
    } else if (dice < 50) {
      stream(account, Ware.FLOW, Pace.FULL, till, 1);
    } else if (dice < 65) {
      together(account, 2 + random.nextInt(MAX_PARALLEL - 1));
    } else if (dice < 77) {
      burst(account);
    } else if (dice < 85) {
      stream(account, Ware.any(random), Pace.SLOW, till, 1);
    } else if (dice < 99) {
      stream(account, Ware.any(random), load.isCalm() ? Pace.FULL : Pace.BROKEN_OFF, till, 1);
    } else {
      close(account, null);
    }
  }

  /** Several ranges at the same time on one channel. */
  private void together(Account account, int count) throws InterruptedException {
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      threads.add(aside(account, toldWare(), count));
    }
    for (Thread thread : threads) {
      thread.join();
    }
  }

  private Thread aside(Account account, Ware ware, int count) {
    Thread thread =
        new Thread(
            () -> {
              try (Till own = new Till(cluster, load.incidents(), random)) {
                stream(account, ware, Pace.FULL, own, count);
              } catch (InterruptedException | RuntimeException | Error e) {
                load.incidents().wrong(e);
              }
            },
            Thread.currentThread().getName() + "-range");
    thread.start();
    return thread;
  }

  private void stream(Account account, Ware ware, Pace pace, Till paying, int streams)
      throws InterruptedException {
    boolean bySocket = random.nextInt(3) == 0;
    Purse purse = new Purse(this, account, paying, streams, bySocket);
    Voucher voucher = purse.first(ware);
    String authorization = paying.authorization(account, ware, Till.payload("voucher", voucher));
    new Stream(account, Piece.any(ware, random), pace, purse, load)
        .run(cluster.any(random), voucher, authorization);
  }

  /** Many small vouchers without a stream. */
  private void burst(Account account) throws InterruptedException {
    boolean bySocket = random.nextBoolean();
    Ware ware = Ware.any(random);
    for (int i = random.nextInt(MAX_BURST); i >= 0 && isSelling(); i--) {
      Voucher voucher = account.raise(Amount.of(1 + random.nextInt(500)));
      if (bySocket) {
        socket(account, ware).pay(voucher);
      } else {
        till.pay(account, ware, voucher);
      }
    }
  }

  private boolean isSelling() {
    return load.isOn() && cluster.isUp() && !load.incidents().isOutage();
  }

  /**
   * Closes a channel, sometimes with a stream still under way.
   *
   * @param demand to be told when the request is about to leave, or null
   */
  private void close(Account account, @Nullable CountDownLatch demand) throws InterruptedException {
    boolean amid = !load.isCalm() && random.nextInt(3) == 0;
    Thread stream = amid ? aside(account, Ware.any(random), 1) : null;
    till.pay(account, Ware.any(random), account.atLeast(Amount.ZERO)); // tells what is spent
    Voucher last = closingVoucher(account);
    account.setState(State.CLOSING);
    if (demand != null) {
      demand.countDown();
    }
    askClose(account, last);
    if (stream != null) {
      stream.join();
    }
  }

  /** What is spent exactly, or the best there is, or too little, which the gateway passes over. */
  private Voucher closingVoucher(Account account) {
    return switch (random.nextInt(3)) {
      case 0 -> account.sign(account.lastSpent());
      case 1 -> account.sign(account.best());
      default -> account.sign(Amount.of(1));
    };
  }

  private void askClose(Account account, Voucher last) {
    Receipt receipt = till.send(account, Ware.any(random), Till.payload("close", last));
    if (receipt != null) {
      account.told(receipt);
      account.setState(State.CLOSED);
      load.incidents().closes.increment();
    }
  }

  /** A close that nobody answered may have happened all the same. */
  private void askAgain(Account account) {
    Channel channel = LocalEscrow.ok(wallet.read(account.id()));
    if (channel.finalized()) {
      account.setState(State.CLOSED);
    } else {
      askClose(account, account.sign(account.best()));
    }
  }

  /** The channel's payment socket; another one where that is gone. */
  synchronized VoucherSocket socket(Account account, Ware ware) {
    VoucherSocket open = socket;
    if (open != null && open.isUsable() && open.isOf(account)) {
      return open;
    }
    if (open != null) {
      open.close();
    }
    VoucherSocket fresh =
        new VoucherSocket(
            account,
            voucher -> till.authorization(account, ware, Till.payload("voucher", voucher)),
            cluster.any(random),
            load.incidents());
    socket = fresh;
    return fresh;
  }

  private Ware toldWare() {
    return random.nextBoolean() ? Ware.MEBIBYTES : Ware.KIBIBYTES;
  }

  @Override
  public void close() {
    till.close();
    VoucherSocket open = socket;
    if (open != null) {
      open.close();
    }
    wallet.close();
  }
}
