package io.tollstream.channels.ledger;

import java.sql.SQLException;
import org.sqlite.SQLiteErrorCode;

/** What SQLite's error codes mean to whoever runs a gateway. */
final class SqliteFailure {
  private SqliteFailure() {}

  /** In words, with SQLite's own behind them. */
  static String reason(SQLException e) {
    return meaning(e) + " (" + e.getMessage() + ")";
  }

  /** Whether rows or pages of some tab are at fault, and not all that a transaction writes. */
  static boolean isOfOneTab(SQLException e) {
    SQLiteErrorCode code = primary(e);
    return code == SQLiteErrorCode.SQLITE_CONSTRAINT || code == SQLiteErrorCode.SQLITE_CORRUPT;
  }

  /** The primary code is the lower byte of the extended one. */
  private static SQLiteErrorCode primary(SQLException e) {
    return SQLiteErrorCode.getErrorCode(e.getErrorCode() & 0xff);
  }

  private static String meaning(SQLException e) {
    if (e.getErrorCode() == SQLiteErrorCode.SQLITE_IOERR_SHMSIZE.code) {
      return "the disk is full or failing";
    }
    return switch (primary(e)) {
      case SQLITE_FULL -> "the disk is full";
      case SQLITE_IOERR -> "the disk is failing";
      case SQLITE_CORRUPT, SQLITE_NOTADB -> "the file is damaged";
      case SQLITE_READONLY, SQLITE_CANTOPEN, SQLITE_PERM -> "the file cannot be written";
      case SQLITE_BUSY, SQLITE_LOCKED -> "another program has locked the file";
      case SQLITE_CONSTRAINT -> "the schema refused a row";
      default -> "SQLite failed";
    };
  }
}
