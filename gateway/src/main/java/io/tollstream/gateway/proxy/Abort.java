package io.tollstream.gateway.proxy;

import io.netty.channel.Channel;
import io.netty.channel.ChannelOption;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.http.impl.HttpServerConnection;

/**
 * Ends a response so that nobody can take it for whole: RST_STREAM on HTTP/2; on HTTP/1 a TCP
 * reset, because a body that only the closing of the connection delimits would else end cleanly.
 */
final class Abort {
  private static final long CANCEL = 0x8;

  private Abort() {}

  static void abort(HttpServerRequest request) {
    if (request.version() != HttpVersion.HTTP_2
        && request.connection() instanceof HttpServerConnection connection) {
      Channel channel = connection.channelHandlerContext().channel();
      if (channel.isOpen()) { // a socket that is closed already takes no options
        channel.config().setOption(ChannelOption.SO_LINGER, 0);
      }
      connection.close();
    } else {
      request.response().reset(CANCEL);
    }
  }
}
