// Written by `python -m bridge.generate` from the declarations in bridge/actions; never edited.
package bridge.plugin.generated;

import bridge.plugin.core.Procedures;
import bridge.plugin.core.Row;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.neo4j.procedure.Description;
import org.neo4j.procedure.Mode;
import org.neo4j.procedure.Name;
import org.neo4j.procedure.Procedure;

/** CALL bridge.list…: see docs/procedures/list.md. */
public final class ListProcedures extends Procedures {
    @Procedure(name = "bridge.list", mode = Mode.READ)
    @Description("Every bridge procedure with its keys, types, defaults and ranges.")
    public Stream<ListRow> list(
            @Name(value = "prefix", defaultValue = "", description = "Only procedures whose name starts with this; all when empty.") String prefix) {
        return rows("bridge.list", arguments("prefix", prefix), ListRow::from);
    }

    /** A row. */
    public record ListRow(
            @Description("Its full name.") String name,
            @Description("What it does.") String description,
            @Description("How it is called, and what it yields.") String signature,
            @Description("READ or WRITE.") String type,
            @Description("The keys of its configuration: name, type, default, required, allowed, description.") List<Map<String, Object>> configuration,
            @Description("Its columns: name, type, description.") List<Map<String, Object>> yields) {
        static ListRow from(Row row) {
            return new ListRow(
                    row.string("name"),
                    row.string("description"),
                    row.string("signature"),
                    row.string("type"),
                    row.list("configuration"),
                    row.list("yields"));
        }
    }
}
