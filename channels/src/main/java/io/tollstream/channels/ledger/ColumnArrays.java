package io.tollstream.channels.ledger;

import io.vertx.core.buffer.Buffer;
import io.vertx.sqlclient.Tuple;
import java.lang.reflect.Array;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Rows as one array for each column: how a single statement takes any number of them. */
final class ColumnArrays {
  private final List<Class<?>> types;
  private final List<List<@Nullable Object>> columns = new ArrayList<>();

  /**
   * No rows yet.
   *
   * @param types of the columns: {@link Buffer}, {@link Long} or {@link String}
   */
  ColumnArrays(Class<?>... types) {
    this.types = List.of(types);
    this.types.forEach(type -> columns.add(new ArrayList<>()));
  }

  void add(@Nullable Object... row) {
    for (int i = 0; i < row.length; i++) {
      columns.get(i).add(row[i]);
    }
  }

  void addTo(Tuple parameters) {
    for (int i = 0; i < columns.size(); i++) {
      Object[] empty = (Object[]) Array.newInstance(types.get(i), 0);
      parameters.addValue(columns.get(i).toArray(empty));
    }
  }
}
