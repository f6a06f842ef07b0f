// Written by `python -m bridge.generate` from the declarations in bridge/actions; never edited.
package bridge.plugin.generated;

import bridge.plugin.core.Procedures;
import bridge.plugin.core.Row;
import java.util.stream.Stream;
import org.neo4j.procedure.Description;
import org.neo4j.procedure.Mode;
import org.neo4j.procedure.Procedure;

/** CALL bridge.version…: see docs/procedures/version.md. */
public final class VersionProcedures extends Procedures {
    @Procedure(name = "bridge.version", mode = Mode.READ)
    @Description("Versions of everything that takes part.")
    public Stream<VersionRow> version() {
        return rows("bridge.version", arguments(), VersionRow::from);
    }

    /** A row. */
    public record VersionRow(
            @Description("Its name.") String component,
            @Description("Its version; empty when it is not installed.") String version) {
        static VersionRow from(Row row) {
            return new VersionRow(
                    row.string("component"),
                    row.string("version"));
        }
    }
}
