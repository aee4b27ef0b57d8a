import { useSyncExternalStore } from "react";

const subscribe = (changed: () => void) => {
  addEventListener("online", changed);
  addEventListener("offline", changed);
  return () => {
    removeEventListener("online", changed);
    removeEventListener("offline", changed);
  };
};

/** Says that there is no connection, while there is none. */
export function Offline() {
  const online = useSyncExternalStore(subscribe, () => navigator.onLine);
  return (
    <div role="status">
      {!online && (
        <p className="mb-6 rounded-md bg-warn-soft px-4 py-2.5 text-warn">
          Can't reach the server. Waiting for the connection.
        </p>
      )}
    </div>
  );
}
