/** The page's language: the remembered one, else the browser's. */

import { createContext } from "preact";
import { useContext } from "preact/hooks";
import { en } from "./en";
import type { Texts } from "./texts";
import { vi } from "./vi";

export type Language = Texts["code"];
export const LANGUAGES: Readonly<Record<Language, Texts>> = { vi, en };
export const LANGUAGE_NAMES: Readonly<Record<Language, string>> = { vi: "Tiếng Việt", en: "English" };

const TextsContext = createContext<Texts>(en);
export const TextsProvider = TextsContext.Provider;
export const useTexts = (): Texts => useContext(TextsContext);

/** The first of `wanted` (such as a browser's `vi-VN`) that the page speaks, else English. Pure. */
export function chooseLanguage(remembered: string | null, wanted: readonly string[]): Language {
  const candidates = [remembered ?? "", ...wanted].map((tag) => tag.slice(0, 2).toLowerCase());
  return candidates.find((tag): tag is Language => tag in LANGUAGES) ?? "en";
}

/** A name given by language: in the page's language, else English, else any. Pure. */
export function nameIn(names: Readonly<Record<string, string>>, language: Language): string {
  return names[language] ?? names["en"] ?? Object.values(names)[0] ?? "";
}
