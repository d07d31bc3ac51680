/** What stands in place of the page when the page itself fails: it says so, and loads anew by itself. */

import { Component, type ComponentChildren } from "preact";
import { useTexts } from "../i18n";

const RELOAD_MS = 10_000;

interface GuardState {
  failed: boolean;
}

/** Shows its children until one of them throws. */
export class FailureGuard extends Component<{ children: ComponentChildren }, GuardState> {
  override state: GuardState = { failed: false };

  override componentDidCatch(error: unknown): void {
    console.error(error);
    this.setState({ failed: true });
    window.setTimeout(() => window.location.reload(), RELOAD_MS);
  }

  override render() {
    return this.state.failed ? <Failure /> : this.props.children;
  }
}

function Failure() {
  const { fatal } = useTexts();
  return (
    <main class="signed-out">
      <h2>{fatal.title}</h2>
      <p>{fatal.text}</p>
      <button type="button" onClick={() => window.location.reload()}>
        {fatal.reload}
      </button>
    </main>
  );
}
