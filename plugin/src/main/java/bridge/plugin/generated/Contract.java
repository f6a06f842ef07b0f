// Written by `python -m bridge.generate` from the declarations in bridge/actions; never edited.
package bridge.plugin.generated;

/** What the plugin and the server must have in common. */
public final class Contract {
    /** Hash of the declarations that these classes were written from; a server with another one refuses the call. */
    public static final String HASH = "adddc837b45e762c";

    private Contract() {}
}
