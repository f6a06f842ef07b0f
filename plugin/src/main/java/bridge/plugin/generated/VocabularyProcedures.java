// Written by `python -m bridge.generate` from the declarations in bridge/actions; never edited.
package bridge.plugin.generated;

import bridge.plugin.core.Procedures;
import bridge.plugin.core.Row;
import java.time.ZonedDateTime;
import java.util.List;
import java.util.stream.Stream;
import org.neo4j.procedure.Description;
import org.neo4j.procedure.Mode;
import org.neo4j.procedure.Name;
import org.neo4j.procedure.Procedure;

/** CALL bridge.vocabulary…: see docs/procedures/vocabulary.md. */
public final class VocabularyProcedures extends Procedures {
    @Procedure(name = "bridge.vocabulary.drop", mode = Mode.READ)
    @Description("Drop a stored vocabulary that no stored version of a model depends on. Only the owner may.")
    public Stream<VocabularyRow> drop(
            @Name(value = "vocabulary", description = "The vocabulary to drop.") String vocabulary,
            @Name(value = "failIfMissing", defaultValue = "true", description = "Fail when there is no such vocabulary.") Boolean failIfMissing) {
        return rows("bridge.vocabulary.drop", arguments("vocabulary", vocabulary, "failIfMissing", failIfMissing), VocabularyRow::from);
    }

    @Procedure(name = "bridge.vocabulary.list", mode = Mode.READ)
    @Description("The stored vocabularies of this database, which decide the positions of multi-hot vectors.")
    public Stream<VocabularyRow> list(
            @Name(value = "vocabulary", defaultValue = "", description = "Only this one; all when empty.") String vocabulary) {
        return rows("bridge.vocabulary.list", arguments("vocabulary", vocabulary), VocabularyRow::from);
    }

    /** A row. */
    public record VocabularyRow(
            @Description("Its name.") String vocabulary,
            @Description("The value that each position stands for.") List<String> values,
            @Description("How many there are: the length of the vectors.") Long valueCount,
            @Description("Who made it and may drop it; empty when anyone may.") String owner,
            @Description("When it was made; null for one of an older bridge.") ZonedDateTime creationTime,
            @Description("The stored versions that read vectors made with it, as `model:version`.") List<String> usedBy,
            @Description("Why it cannot be used; null when it can.") String error) {
        static VocabularyRow from(Row row) {
            return new VocabularyRow(
                    row.string("vocabulary"),
                    row.list("values"),
                    row.integer("valueCount"),
                    row.string("owner"),
                    row.datetime("creationTime"),
                    row.list("usedBy"),
                    row.string("error"));
        }
    }
}
