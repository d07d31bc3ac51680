/** What a browser without a session sees: how to get in. */

import { useTexts } from "../i18n";

export function SignedOut() {
  const { signedOut } = useTexts();
  return (
    <main class="signed-out">
      <h2>{signedOut.title}</h2>
      <p>{signedOut.text}</p>
      <p>{withCode(signedOut.how)}</p>
      <button type="button" onClick={() => window.location.reload()}>
        {signedOut.again}
      </button>
    </main>
  );
}

/** Text in which `words` between backticks are commands. */
function withCode(text: string) {
  return text.split("`").map((part, index) => (index % 2 === 1 ? <code key={index}>{part}</code> : part));
}
