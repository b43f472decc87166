package io.tollstream.channels;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;

/** Adapters point at the core, never back and never at each other; the core acts on nothing. */
final class ArchitectureTest {
  private static final String CORE = "io.tollstream.channels";
  private static final String LEDGER = "io.tollstream.channels.ledger..";
  private static final String EVM = "io.tollstream.channels.evm..";

  private static final JavaClasses ALL =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .importPackages(CORE);

  private static final DescribedPredicate<JavaAccess<?>> READS_A_CLOCK =
      DescribedPredicate.describe(
          "read a clock",
          access ->
              access.getName().equals("now")
                  || access.getName().equals("nanoTime")
                  || access.getName().equals("currentTimeMillis"));

  @Test
  void core_dependencies_areTheJdkJspecifyAndMetering() {
    classes()
        .that()
        .resideInAPackage(CORE)
        .should()
        .onlyDependOnClassesThat()
        .resideInAnyPackage(
            "java..", "org.jspecify.annotations..", "io.tollstream.metering..", CORE)
        .check(ALL);
  }

  @Test
  void core_clocksChanceAndInputOutput_areNotItsOwn() {
    noClasses().that().resideInAPackage(CORE).should().accessTargetWhere(READS_A_CLOCK).check(ALL);
    noClasses()
        .that()
        .resideInAPackage(CORE)
        .should()
        .dependOnClassesThat()
        .haveNameMatching(
            "java\\.time\\.(Clock|InstantSource)|java\\.util\\.(Random|SplittableRandom|UUID|Timer.*)"
                + "|java\\.util\\.random\\..*|java\\.util\\.logging\\..*"
                + "|java\\.(security|io|nio|net|sql)\\..*")
        .check(ALL);
  }

  @Test
  void adapters_eachOther_areUnknown() {
    noClasses()
        .that()
        .resideInAPackage(LEDGER)
        .should()
        .dependOnClassesThat()
        .resideInAPackage(EVM)
        .allowEmptyShould(true)
        .check(ALL);
    noClasses()
        .that()
        .resideInAPackage(EVM)
        .should()
        .dependOnClassesThat()
        .resideInAPackage(LEDGER)
        .check(ALL);
  }

  @Test
  void chainLibraries_outsideEvm_areUnknown() {
    noClasses()
        .that()
        .resideOutsideOfPackage(EVM)
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(
            "org.web3j..", "okhttp3..", "okio..", "fr.acinq..", "org.bouncycastle..", "kotlin..")
        .check(ALL);
  }

  @Test
  void databaseLibraries_outsideTheLedger_areUnknown() {
    noClasses()
        .that()
        .resideOutsideOfPackage(LEDGER)
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(
            "io.vertx..",
            "io.netty..",
            "org.flywaydb..",
            "org.postgresql..",
            "org.sqlite..",
            "java.sql..")
        .check(ALL);
  }

  @Test
  void everyPackage_nullness_isMarked() {
    for (JavaClass type : ALL) {
      assertTrue(
          type.getPackage().isAnnotatedWith(NullMarked.class),
          () -> type.getPackageName() + " is not @NullMarked");
    }
  }
}
