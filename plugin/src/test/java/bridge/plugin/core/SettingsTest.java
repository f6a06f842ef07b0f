package bridge.plugin.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SettingsTest {
    @TempDir
    Path conf;

    private Settings read(String text, Map<String, String> environment) throws Exception {
        return Settings.read(Files.writeString(conf.resolve("bridge.conf"), text), environment);
    }

    @Test
    void withoutAFileTheDefaultsHold() {
        assertEquals(Settings.defaults(), Settings.read(conf.resolve("none"), Map.of()));
        assertEquals("127.0.0.1:7690", Settings.defaults().address());
        assertFalse(Settings.defaults().tls());
    }

    @Test
    void theEnvironmentGoesOverTheFile() throws Exception {
        var settings = read("address=a:1\ntoken = t \nheartbeat_timeout_seconds=7", Map.of("BRIDGE_ADDRESS", "b:2"));
        assertEquals("b:2", settings.address());
        assertEquals("t", settings.token());
        assertEquals(Duration.ofSeconds(7), settings.heartbeatTimeout());
    }

    @Test
    void aCertificateTurnsTlsOn() throws Exception {
        var settings = read("tls_ca_file=/x/ca.pem", Map.of());
        assertTrue(settings.tls());
        assertEquals(Optional.of(Path.of("/x/ca.pem")), settings.tlsCaFile());
    }

    @Test
    void anIpv6AddressKeepsItsBrackets() throws Exception {
        var settings = read("address=[::1]:7690", Map.of());
        assertEquals("::1", settings.host());
        assertEquals("[::1]:7690", settings.address());
    }

    @Test
    void mistakesAreNamedWithWhatIsAllowed() {
        assertTrue(message("adress=a:1").contains("unknown key `adress`"));
        assertTrue(message("address=a").contains("`address` must be HOST:PORT, but was `a`"));
        assertTrue(message("address=a:99999").contains("from 1 to 65535"));
        assertTrue(message("tls=yes").contains("`tls` must be true or false, but was `yes`"));
        assertTrue(message("max_message_mib=0").contains("`max_message_mib` must be a whole number from 1 to 1024"));
    }

    private String message(String text) {
        return assertThrows(BridgeException.class, () -> read(text, Map.of())).getMessage();
    }

    @Test
    void theTokenIsNotPrinted() throws Exception {
        assertFalse(read("token=hush", Map.of()).toString().contains("hush"));
    }
}
