// Written by `python -m bridge.generate` from the declarations in bridge/actions; never edited.
package bridge.plugin.generated;

import bridge.plugin.core.Row;
import bridge.plugin.gds.ProjectionProcedures;
import java.util.Map;
import java.util.stream.Stream;
import org.neo4j.gds.core.utils.progress.TaskRegistryFactory;
import org.neo4j.procedure.Context;
import org.neo4j.procedure.Description;
import org.neo4j.procedure.Mode;
import org.neo4j.procedure.Name;
import org.neo4j.procedure.Procedure;

/** CALL bridge.model…: see docs/procedures/model.md. */
public final class ModelProjectionProcedures extends ProjectionProcedures {
    /** Names GDS in this very class, so that Neo4j skips it, and starts, where GDS is absent. */
    @Context
    public TaskRegistryFactory taskRegistryFactory;

    @Override
    protected TaskRegistryFactory tasks() {
        return taskRegistryFactory;
    }

    @Procedure(name = "bridge.model.staleness", mode = Mode.READ)
    @Description("What was added, removed and changed in a projection since a hosted model was trained.")
    public Stream<StalenessRow> staleness(
            @Name(value = "graphName", description = "The projection's name in GDS's graph catalog.") String graphName,
            @Name(value = "configuration", defaultValue = "{}", description = "The configuration.") Map<String, Object> configuration) {
        return rows("bridge.model.staleness", arguments("graphName", graphName, "configuration", configuration), StalenessRow::from);
    }

    /** A row. */
    public record StalenessRow(
            @Description("The model.") String modelName,
            @Description("The version that was asked about.") Long modelVersion,
            @Description("`node` or `relationship`.") String element,
            @Description("The label or the relationship type.") String name,
            @Description("How many there were at the training; relationships in the directions that the projection had.") Long trainedCount,
            @Description("How many there are now.") Long count,
            @Description("Those that were not there at the training, known by their keys or the keys of their ends.") Long added,
            @Description("Those that are gone since.") Long removed,
            @Description("Those of both times with other values of what the model reads: features, target property, time, weight. Null when that is not known.") Long changed,
            @Description("They were compared one by one. Otherwise the version keeps their counts alone, and what was both added and removed is not seen.") Boolean exact,
            @Description("All that the model reads is as it was, for all labels and types together.") Boolean sameFingerprint) {
        static StalenessRow from(Row row) {
            return new StalenessRow(
                    row.string("modelName"),
                    row.integer("modelVersion"),
                    row.string("element"),
                    row.string("name"),
                    row.integer("trainedCount"),
                    row.integer("count"),
                    row.integer("added"),
                    row.integer("removed"),
                    row.integer("changed"),
                    row.bool("exact"),
                    row.bool("sameFingerprint"));
        }
    }
}
