package bridge.plugin.gds;

import org.neo4j.gds.compat.GdsVersionInfoProvider;

/** Which GDS is installed. */
public final class GdsVersion {
    private GdsVersion() {}

    /**
     * The version of GDS.
     *
     * @throws LinkageError GDS is not installed
     */
    public static String current() {
        return GdsVersionInfoProvider.GDS_VERSION_INFO.gdsVersion();
    }
}
