/** How a listener is registered. */
export interface ListenerOptions {
    /** Takes the listener off when it aborts. */
    signal?: AbortSignal;
    /** Takes the listener off after its first event. */
    once?: boolean;
}
/** Delivers events of the map `Events` (name to payload) to listeners, in the order they came. */
export declare class Emitter<Events> {
    #private;
    /** Registers a listener; the function returned takes it off and may be called twice. */
    on<Name extends keyof Events>(name: Name, listener: (event: Events[Name]) => void, options?: ListenerOptions): () => void;
    /** Calls the listeners of `name`. One that throws is reported and does not stop the others. */
    emit<Name extends keyof Events>(name: Name, event: Events[Name]): void;
}
