package bridge.plugin.core;

import bridge.plugin.generated.Contract;
import bridge.plugin.v1.MapValue;
import bridge.plugin.v1.Start;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Spliterator;
import java.util.Spliterators;
import java.util.function.Function;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.neo4j.graphdb.GraphDatabaseService;
import org.neo4j.internal.kernel.api.security.SecurityContext;
import org.neo4j.kernel.internal.GraphDatabaseAPI;
import org.neo4j.procedure.Context;
import org.neo4j.procedure.TerminationGuard;

/** Base of the generated procedures that need no projection. It names no class of GDS, so that it loads without. */
public abstract class Procedures {
    @Context
    public Server server;

    @Context
    public TerminationGuard guard;

    @Context
    public GraphDatabaseService database;

    @Context
    public SecurityContext security;

    /** Answers for one call. */
    protected Answers answers() {
        return Answers.NONE;
    }

    /** Run a procedure whose rows are pulled as they are read. */
    protected final <R> Stream<R> rows(String procedure, Map<String, Object> arguments, Function<Row, R> make) {
        Failures failures = server.failures();
        Rows rows = failures.guard(procedure, () -> start(procedure, arguments));
        Iterator<R> made = new Iterator<R>() {
            @Override
            public boolean hasNext() {
                return failures.guard(procedure, rows::hasNext);
            }

            @Override
            public R next() {
                return failures.guard(procedure, () -> make.apply(rows.next()));
            }
        };
        int character = Spliterator.ORDERED | Spliterator.NONNULL;
        return StreamSupport.stream(Spliterators.spliteratorUnknownSize(made, character), false)
                .onClose(() -> failures.guard(procedure, () -> {
                    rows.close();
                    return null;
                }));
    }

    /** Run a procedure to its end; its rows, mostly one, are there when this returns. */
    protected final <R> Stream<R> row(String procedure, Map<String, Object> arguments, Function<Row, R> make) {
        return server.failures().guard(procedure, () -> {
            var made = new ArrayList<R>();
            try (Rows rows = start(procedure, arguments)) {
                while (rows.hasNext()) {
                    made.add(make.apply(rows.next()));
                }
            }
            return made.stream();
        });
    }

    /** Run `bridge.health`, which has a row even when there is no server: the one thing the plugin says by itself. */
    protected final <R> Stream<R> health(String procedure, Map<String, Object> arguments, Function<Row, R> make) {
        Failures failures = server.failures();
        return failures.guard(
                procedure,
                () -> Stream.of(make.apply(new Health(server, Contract.HASH)
                        .row(() -> failures.guard(procedure, () -> only(procedure, arguments))))));
    }

    private Row only(String procedure, Map<String, Object> arguments) {
        try (Rows rows = new Rows(new Call(server, guard, message(procedure, arguments), Health.PATIENCE), answers())) {
            return rows.next();
        }
    }

    /** The arguments of a CALL, given as names and values in turn. */
    protected static Map<String, Object> arguments(Object... namesAndValues) {
        var map = new LinkedHashMap<String, Object>();
        for (int index = 0; index < namesAndValues.length; index += 2) {
            map.put((String) namesAndValues[index], namesAndValues[index + 1]);
        }
        return map;
    }

    private Rows start(String procedure, Map<String, Object> arguments) {
        return new Rows(new Call(server, guard, message(procedure, arguments)), answers());
    }

    private Start message(String procedure, Map<String, Object> arguments) {
        MapValue values = Values.toMessage(arguments, "");
        var caller = server.plugin().setUser(security.subject().executingUser()).setDatabase(database.databaseName());
        if (database instanceof GraphDatabaseAPI internal) {
            caller.setDatabaseId(internal.databaseId().databaseId().uuid().toString());
        }
        return Start.newBuilder()
                .setContract(Contract.HASH)
                .setProcedure(procedure)
                .setArguments(values)
                .setCaller(caller)
                .build();
    }
}
