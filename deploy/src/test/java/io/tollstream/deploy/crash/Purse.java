package io.tollstream.deploy.crash;

import io.tollstream.channels.Voucher;

/**
 * What one stream is paid from: by HEAD and POST, ahead of the bytes that come, or by the payment
 * socket when the gateway demands it.
 */
final class Purse {
  private final Payer payer;
  private final Account account;
  private final Till till;
  private final long windowBytes;
  private final boolean bySocket;

  /**
   * A purse.
   *
   * @param till of the stream's thread
   * @param streams how many draw on the channel at the same time
   */
  Purse(Payer payer, Account account, Till till, int streams, boolean bySocket) {
    this.payer = payer;
    this.account = account;
    this.till = till;
    this.windowBytes = (long) streams * Stream.WINDOW_BYTES;
    this.bySocket = bySocket;
  }

  /** The voucher to ask with. A socket hears demands only once it has paid. */
  Voucher first(Ware ware) throws InterruptedException {
    Voucher voucher = account.ahead(ware.cost(windowBytes));
    if (bySocket) {
      payer.socket(account, ware).pay(voucher);
    }
    return voucher;
  }

  /** Bytes have come: pays for more where little is left. */
  void ahead(Ware ware) {
    if (!bySocket && account.isShort(ware.cost(windowBytes / 2))) {
      till.pay(account, ware, account.ahead(ware.cost(windowBytes)));
    }
  }

  /** The stream stands still: whatever was believed to be enough was not. */
  void more(Ware ware) throws InterruptedException {
    Voucher voucher = account.raiseOnce(ware.cost(windowBytes));
    if (bySocket) {
      payer.socket(account, ware).pay(voucher);
    } else {
      till.pay(account, ware, voucher);
    }
  }
}
