package bridge.plugin.generated;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.neo4j.procedure.Procedure;

/** A database without GDS: Neo4j leaves out each class that it cannot load, and has the others. */
class WithoutGdsTest {
    private static final List<String> CATALOGS = List.of(
            "bridge.health",
            "bridge.version",
            "bridge.list",
            "bridge.model.list",
            "bridge.model.info",
            "bridge.model.promote",
            "bridge.model.drop",
            "bridge.job.list",
            "bridge.job.history",
            "bridge.job.cancel");

    @Test
    void theCatalogsAreThereAndWhatAsksForAProjectionIsNot() throws Exception {
        List<String> there;
        try (Stream<Path> files = Files.list(classes().resolve("bridge/plugin/generated"))) {
            there = files.map(file -> file.getFileName().toString())
                    .filter(name -> name.endsWith("Procedures.class"))
                    .map(name -> "bridge.plugin.generated." + name.replace(".class", ""))
                    .flatMap(WithoutGdsTest::procedures)
                    .toList();
        }
        assertTrue(there.containsAll(CATALOGS), there.toString());
        assertFalse(there.contains("bridge.gnn.train"), there.toString());
        assertFalse(there.contains("bridge.model.staleness"), there.toString());
        assertFalse(there.contains("bridge.job.submit"), there.toString());
    }

    /** The procedures of a class as Neo4j finds them: it makes an instance, and looks at fields and methods. */
    private static Stream<String> procedures(String name) {
        try {
            Class<?> loaded = new Without().loadClass(name);
            loaded.getConstructor().newInstance();
            loaded.getDeclaredFields();
            return Arrays.stream(loaded.getDeclaredMethods())
                    .map(method -> method.getAnnotation(Procedure.class))
                    .filter(each -> each != null)
                    .map(Procedure::name);
        } catch (ReflectiveOperationException | NoClassDefFoundError withoutGds) {
            return Stream.empty();
        }
    }

    private static Path classes() throws Exception {
        return Path.of(Contract.class
                .getProtectionDomain()
                .getCodeSource()
                .getLocation()
                .toURI());
    }

    /** Loads the plugin's classes anew, and none of GDS. */
    private static final class Without extends ClassLoader {
        Without() {
            super(WithoutGdsTest.class.getClassLoader());
        }

        @Override
        protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
            if (name.startsWith("org.neo4j.gds.")) {
                throw new ClassNotFoundException(name);
            }
            if (!name.startsWith("bridge.plugin.")) {
                return super.loadClass(name, resolve);
            }
            Class<?> loaded = findLoadedClass(name);
            return loaded == null ? define(name) : loaded;
        }

        private Class<?> define(String name) throws ClassNotFoundException {
            try (var bytes = getParent().getResourceAsStream(name.replace('.', '/') + ".class")) {
                byte[] all = bytes.readAllBytes();
                return defineClass(name, all, 0, all.length);
            } catch (IOException error) {
                throw new UncheckedIOException(error);
            }
        }
    }
}
