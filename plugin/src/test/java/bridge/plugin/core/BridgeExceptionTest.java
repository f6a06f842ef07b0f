package bridge.plugin.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.Any;
import com.google.rpc.ErrorInfo;
import io.grpc.Status;
import io.grpc.protobuf.StatusProto;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BridgeExceptionTest {
    @ParameterizedTest
    @CsvSource({
        "INVALID_ARGUMENT, Neo.ClientError.Statement.ArgumentError",
        "FAILED_PRECONDITION, Neo.ClientError.Statement.ArgumentError",
        "ALREADY_EXISTS, Neo.ClientError.Statement.ArgumentError",
        "NOT_FOUND, Neo.ClientError.Statement.EntityNotFound",
        "PERMISSION_DENIED, Neo.ClientError.Security.Forbidden",
        "UNAUTHENTICATED, Neo.ClientError.Procedure.ProcedureCallFailed",
        "RESOURCE_EXHAUSTED, Neo.ClientError.Procedure.ProcedureCallFailed",
        "INTERNAL, Neo.ClientError.Procedure.ProcedureCallFailed",
    })
    void aServersErrorKeepsItsTextAndGetsNeo4jsCode(Status.Code code, String expected) {
        var error = BridgeException.of(code.toStatus().withDescription("words"), null, "h:1", true);
        assertEquals("words", error.getMessage());
        assertEquals(expected, error.status().code().serialize());
    }

    @Test
    void aCancellationByTheServerIsToldFromALostConnection() {
        var details = com.google.rpc.Status.newBuilder()
                .setCode(Status.Code.CANCELLED.value())
                .setMessage("The job was cancelled.")
                .addDetails(
                        Any.pack(ErrorInfo.newBuilder().setReason("CANCELLED").build()))
                .build();
        var sent = StatusProto.toStatusRuntimeException(details);
        assertEquals(
                "The job was cancelled.",
                BridgeException.of(sent.getStatus(), sent.getTrailers(), "h:1", true)
                        .getMessage());
        var lost = BridgeException.of(Status.CANCELLED.withDescription("Rst Stream"), null, "h:1", true);
        assertTrue(lost.getMessage().contains("ended during the call"), lost.getMessage());
    }

    @Test
    void noJavaNameIsShownWhenTheConnectionFails() {
        var end = Status.UNAVAILABLE.withCause(new RuntimeException("java.io.IOException: io.netty.Foo: broken"));
        var error = BridgeException.of(end, null, "h:1", false);
        assertFalse(error.getMessage().contains("java."), error.getMessage());
        assertFalse(error.getMessage().contains("IOException"), error.getMessage());
    }

    @Test
    void aServerThatWasKilledIsSaidToHaveBrokenOffInPeoplesWords() {
        var end = Status.UNAVAILABLE.withDescription("End of stream or IOException");
        assertEquals(
                "The bridge server at h:1 ended during the call (the connection broke off); nothing was sent again."
                        + " Look into its log, and call again.",
                BridgeException.of(end, null, "h:1", true).getMessage());
    }
}
