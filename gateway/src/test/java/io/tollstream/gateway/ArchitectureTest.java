package io.tollstream.gateway;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaPackage;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.List;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The arrows of the whole house, seen from its top. */
final class ArchitectureTest {
  private static final String HOUSE = "io.tollstream";
  private static final String ROOT = "io.tollstream.gateway";

  private static final JavaClasses ALL =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .importPackages(HOUSE);

  @ParameterizedTest
  @CsvSource({
    // the payer's and the payee's side meet in what travels, and nowhere else
    "payer, payment",
    "payer, proxy",
    "payer, admin",
    "payment, payer",
    "proxy, payer",
    "admin, payer",
    // payments know nothing of what is sold
    "payment, proxy",
    "payment, admin",
    "proxy, admin",
    "admin, proxy",
    // what travels knows neither side
    "wire, payer",
    "wire, payment",
    "wire, proxy",
    "wire, admin",
    "wire, telemetry",
    // counting knows nobody
    "telemetry, payer",
    "telemetry, payment",
    "telemetry, proxy",
    "telemetry, admin",
    "telemetry, wire"
  })
  void package_dependencies_pointOneWay(String from, String to) {
    assertApart(ROOT + "." + from + "..", ROOT + "." + to + "..");
  }

  @Test
  void root_dependents_areNone() {
    assertApart(ROOT + ".*..", ROOT);
  }

  @ParameterizedTest
  @ValueSource(strings = {"io.tollstream.channels..", "io.tollstream.metering.."})
  void lowerModules_dependencies_neverPointUp(String lower) {
    assertApart(lower, ROOT + "..");
  }

  @Test
  void metering_dependencies_neverPointToChannels() {
    assertApart("io.tollstream.metering..", "io.tollstream.channels..");
  }

  /** Nothing that sells may know how it is paid. */
  @ParameterizedTest
  @ValueSource(strings = {"proxy", "payment", "telemetry", "admin"})
  void adaptersOfChannels_areKnownToTheRootOnly(String part) {
    assertApart(ROOT + "." + part + "..", "io.tollstream.channels.evm..");
    assertApart(ROOT + "." + part + "..", "io.tollstream.channels.ledger..");
  }

  /** The proxy sees credit; channels, vouchers and their protocols are payment's business. */
  @Test
  void proxy_dependencies_nameNoProtocolAndNoVoucher() {
    noClasses()
        .that()
        .resideInAPackage(ROOT + ".proxy..")
        .should()
        .dependOnClassesThat()
        .haveNameMatching(
            "io\\.tollstream\\.channels\\."
                + "(ChannelProtocol|Chain|Voucher|Ledger|Signer|Wallet|Escrow|PaymentAction).*")
        .check(ALL);
  }

  @Test
  void web3j_users_areTheEvmAdapterAlone() {
    noClasses()
        .that()
        .resideOutsideOfPackage("io.tollstream.channels.evm..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("org.web3j..", "org.bouncycastle..", "fr.acinq..")
        .check(ALL);
  }

  @Test
  void vertx_users_areTheGatewayAndTheLedgersAlone() {
    assertApart("io.tollstream.channels", "io.vertx..");
    assertApart("io.tollstream.channels.evm..", "io.vertx..");
    assertApart("io.tollstream.metering..", "io.vertx..");
  }

  @Test
  void everyPackage_ofTheHouse_isNullMarked() {
    List<JavaPackage> packages =
        ALL.getPackage(HOUSE).getSubpackagesInTree().stream()
            .filter(inner -> !inner.getClasses().isEmpty())
            .toList();
    assertTrue(packages.size() >= 10, "found " + packages.size());
    packages.forEach(inner -> assertTrue(inner.isAnnotatedWith(NullMarked.class), inner.getName()));
  }

  private static void assertApart(String from, String to) {
    noClasses()
        .that()
        .resideInAPackage(from)
        .should()
        .dependOnClassesThat()
        .resideInAPackage(to)
        .check(ALL);
  }
}
