package io.tollstream.gateway.payer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tollstream.metering.Amount;
import io.tollstream.metering.Tariff;
import io.tollstream.metering.TariffUnit;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ChannelStoreTest {
  private Path state = Path.of("");

  private final ChannelAccount account =
      LiveChannelTest.account(1, 1_000)
          .received(new Tariff(Amount.of(3), TariffUnit.KIB), 5_000)
          .received(new Tariff(Amount.of(7), TariffUnit.MIB), 1)
          .claimed(Amount.of(17))
          .signed(Amount.of(30));

  @BeforeEach
  void takeDirectory(@TempDir Path directory) {
    state = directory;
  }

  private Path file() {
    return state.resolve("channels").resolve(account.id().hex() + ".json");
  }

  @Test
  void save_reopened_isTheSameAccount() {
    ChannelStore.open(state).save(account);
    assertEquals(List.of(account), ChannelStore.open(state).contents().accounts());
    assertEquals(account, ChannelStore.open(state).find(account.id()));
  }

  @Test
  void save_anyFile_isItsOwnersAlone() throws IOException {
    ChannelStore.open(state.resolve("new")).save(account);
    Path channels = state.resolve("new").resolve("channels");
    assertEquals(
        "rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(channels)));
    assertEquals(
        "rw-------",
        PosixFilePermissions.toString(
            Files.getPosixFilePermissions(channels.resolve(account.id().hex() + ".json"))));
  }

  @Test
  void save_asItStandsOnDisk_holdsNoSecretAndItsVersion() throws IOException {
    ChannelStore.open(state).save(account);
    JsonObject json = new JsonObject(Files.readString(file()));
    assertEquals(
        new JsonObject(
            """
            {"version": 1,
             "channelId": "0x0000000000000000000000000000000000000000000000000000000000000001",
             "chainId": 31337,
             "escrow": "0xe5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5",
             "payer": "0x0101010101010101010101010101010101010101",
             "payee": "0x9a9a9a9a9a9a9a9a9a9a9a9a9a9a9a9a9a9a9a9a",
             "token": "0x7070707070707070707070707070707070707070",
             "salt": "0x0000000000000000000000000000000000000000000000000000000000000000",
             "deposit": "1000", "signed": "30", "claimed": "17",
             "gateway": "http://127.0.0.1:1", "resource": "/film.mp4",
             "openHash": "0x1111111111111111111111111111111111111111111111111111111111111111",
             "openedAt": "1970-01-01T00:00:00Z", "state": "open"}
            """),
        withoutLines(json));
    assertEquals(2, json.getJsonArray("received").size());
  }

  private static JsonObject withoutLines(JsonObject json) {
    JsonObject rest = json.copy();
    rest.remove("received");
    return rest;
  }

  @Test
  void contents_corruptFile_isNamedAndTheRestGoesOn() throws IOException {
    ChannelStore store = ChannelStore.open(state);
    store.save(account);
    Path corrupt = file().resolveSibling("0x" + "22".repeat(32) + ".json");
    Files.writeString(corrupt, "{\"version\": 1, \"channelId\":");
    ChannelStore.Contents contents = store.contents();
    assertEquals(List.of(account), contents.accounts());
    assertEquals(List.of(corrupt), contents.unreadable());
  }

  @Test
  void contents_accountUnderAnothersName_isUnreadable() throws IOException {
    ChannelStore store = ChannelStore.open(state);
    store.save(account);
    Path moved = file().resolveSibling("0x" + "33".repeat(32) + ".json");
    Files.move(file(), moved);
    assertEquals(List.of(moved), store.contents().unreadable());
  }

  @Test
  void contents_laterVersion_isLeftAlone() throws IOException {
    ChannelStore store = ChannelStore.open(state);
    store.save(account);
    Files.writeString(
        file(), Files.readString(file()).replace("\"version\" : 1", "\"version\" : 2"));
    assertEquals(1, store.contents().unreadable().size());
    assertNull(store.find(account.id()));
  }

  @Test
  void save_afterACrashInTheMiddle_replacesWhatWasLeft() throws IOException {
    ChannelStore store = ChannelStore.open(state);
    store.save(account);
    Files.writeString(file().resolveSibling(account.id().hex() + ".next"), "{half");
    assertEquals(account, store.find(account.id()));
    ChannelAccount next = account.signed(Amount.of(40));
    store.save(next);
    assertEquals(List.of(next), store.contents().accounts());
  }

  @Test
  void open_directoryThatOthersWrite_isRefused() throws IOException {
    Files.setPosixFilePermissions(state, PosixFilePermissions.fromString("rwxrwxrwx"));
    StateException refused = assertThrows(StateException.class, () -> ChannelStore.open(state));
    assertTrue(String.valueOf(refused.getMessage()).contains("chmod 700"));
  }

  @Test
  void open_notADirectory_namesTheOption() throws IOException {
    Path file = Files.createFile(state.resolve("file"));
    StateException refused = assertThrows(StateException.class, () -> ChannelStore.open(file));
    assertTrue(String.valueOf(refused.getMessage()).contains("--state"));
  }

  @Test
  void lease_heldHere_isNotGivenTwice() {
    ChannelStore store = ChannelStore.open(state);
    ChannelStore.Lease lease = store.lease(account.id());
    assertNotNull(lease);
    assertNull(store.lease(account.id()));
    lease.close();
    assertNotNull(store.lease(account.id()));
  }

  @Test
  void lease_heldByAnotherProcess_isNotGiven() throws Exception {
    ChannelStore store = ChannelStore.open(state);
    Process other =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                LeaseHolder.class.getName(),
                state.toString(),
                account.id().hex())
            .redirectErrorStream(true)
            .start();
    try {
      assertEquals("held", other.inputReader().readLine());
      assertNull(store.lease(account.id()));
    } finally {
      other.destroy();
      assertTrue(other.waitFor(10, TimeUnit.SECONDS));
    }
    assertNotNull(store.lease(account.id()));
  }
}
