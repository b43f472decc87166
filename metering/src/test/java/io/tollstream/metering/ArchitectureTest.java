package io.tollstream.metering;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaPackage;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;

/** Metering is pure and stands alone: nothing but the JDK, and of that nothing that acts. */
class ArchitectureTest {
  private static final JavaClasses METERING =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .importPackages("io.tollstream.metering");

  /** java.time's own clocks hide in static methods: Instant.now() and its like. */
  private static final DescribedPredicate<JavaAccess<?>> READS_A_CLOCK =
      DescribedPredicate.describe(
          "read a clock",
          access ->
              access.getName().equals("now")
                  || access.getName().equals("nanoTime")
                  || access.getName().equals("currentTimeMillis"));

  private static final Set<String> FLOATING =
      Set.of("float", "double", Float.class.getName(), Double.class.getName());

  @Test
  void everyClass_dependencies_areTheJdkAndJspecify() {
    classes()
        .should()
        .onlyDependOnClassesThat()
        .resideInAnyPackage("java..", "org.jspecify.annotations..", "io.tollstream.metering..")
        .check(METERING);
  }

  @Test
  void everyClass_clocksAndChance_areNotItsOwn() {
    noClasses().should().accessTargetWhere(READS_A_CLOCK).check(METERING);
    noClasses()
        .should()
        .dependOnClassesThat()
        .haveNameMatching(
            "java\\.time\\.(Clock|InstantSource)|java\\.util\\.(Random|SplittableRandom|UUID"
                + "|Date|Timer.*)|java\\.util\\.random\\..*|java\\.security\\..*")
        .check(METERING);
    noClasses().should().callMethod(Math.class, "random").check(METERING);
  }

  @Test
  void everyClass_threadsLogsAndInputOutput_areNotItsOwn() {
    noClasses()
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(
            "java.util.concurrent..",
            "java.util.logging..",
            "java.io..",
            "java.nio..",
            "java.net..")
        .check(METERING);
    noClasses()
        .should()
        .dependOnClassesThat()
        .belongToAnyOf(Thread.class, Runnable.class, ThreadLocal.class, System.Logger.class)
        .check(METERING);
  }

  @Test
  void everyClass_floatingPoint_isNotItsOwn() {
    noClasses()
        .should()
        .dependOnClassesThat(
            DescribedPredicate.describe("are floating", type -> FLOATING.contains(type.getName())))
        .check(METERING);
    for (JavaClass type : METERING) {
      type.getFields().forEach(field -> assertExact(field.getRawType(), field.getFullName()));
      type.getCodeUnits()
          .forEach(
              code -> {
                assertExact(code.getRawReturnType(), code.getFullName());
                code.getRawParameterTypes().forEach(raw -> assertExact(raw, code.getFullName()));
              });
      type.getMethodCallsFromSelf()
          .forEach(
              call -> {
                assertExact(call.getTarget().getRawReturnType(), call.getDescription());
                call.getTarget()
                    .getRawParameterTypes()
                    .forEach(raw -> assertExact(raw, call.getDescription()));
              });
    }
  }

  /** Arithmetic on locals and constants leaves no trace that ArchUnit reads; the text shows it. */
  @Test
  void everySource_floatingPoint_isNotWritten() throws IOException {
    Pattern floating = Pattern.compile("\\b(float|double|Float|Double)\\b|\\d\\.\\d|\\d[dDfF]\\b");
    try (Stream<Path> sources = Files.walk(Path.of("src/main/java"))) {
      for (Path source : sources.filter(Files::isRegularFile).toList()) {
        String code = Files.readString(source).replaceAll("(?s)/\\*.*?\\*/|//[^\\n]*", "");
        assertFalse(floating.matcher(code).find(), source.toString());
      }
    }
  }

  @Test
  void everyPackage_nullMarked_isAnnotated() {
    Set<JavaPackage> packages =
        METERING.getPackage("io.tollstream.metering").getSubpackagesInTree();
    assertTrue(METERING.getPackage("io.tollstream.metering").isAnnotatedWith(NullMarked.class));
    packages.stream()
        .filter(inner -> !inner.getClasses().isEmpty())
        .forEach(inner -> assertTrue(inner.isAnnotatedWith(NullMarked.class), inner.getName()));
  }

  @Test
  void everyClass_imported_isChecked() {
    assertTrue(METERING.contain(StreamMeter.class) && METERING.contain(MeterAction.Cut.class));
    assertEquals(0, METERING.stream().filter(type -> type.getName().endsWith("Test")).count());
  }

  private static void assertExact(JavaClass type, String where) {
    assertTrue(!FLOATING.contains(type.getName()), where);
  }
}
