/** The page's language: the remembered one, else the browser's. */

import { createContext } from "preact";
import { useContext } from "preact/hooks";
import { en } from "./en";
import type { Texts } from "./texts";
import { vi } from "./vi";
import { zh } from "./zh";

export type Language = Texts["code"];
export const LANGUAGES: Readonly<Record<Language, Texts>> = { vi, en, zh };
export const LANGUAGE_NAMES: Readonly<Record<Language, string>> = { vi: "Tiếng Việt", en: "English", zh: "中文" };
/** What the button of a language says. */
export const LANGUAGE_MARKS: Readonly<Record<Language, string>> = { vi: "VI", en: "EN", zh: "中文" };

const TextsContext = createContext<Texts>(en);
export const TextsProvider = TextsContext.Provider;
export const useTexts = (): Texts => useContext(TextsContext);

/** The first of `wanted` (such as a browser's `vi-VN`) that the page speaks, else English. Pure. */
export function chooseLanguage(remembered: string | null, wanted: readonly string[]): Language {
  const candidates = [remembered ?? "", ...wanted].map((tag) => tag.slice(0, 2).toLowerCase());
  return candidates.find((tag): tag is Language => tag in LANGUAGES) ?? "en";
}

/** Who did something: the name that was given, or words for somebody who gave none. Pure. */
export const whoIs = (by: string, texts: Texts): string => texts.alerts.who[by] ?? by;

/** A name given by language: in the page's language, else English, else any. Pure. */
export function nameIn(names: Readonly<Record<string, string>>, language: Language): string {
  return names[language] ?? names["en"] ?? Object.values(names)[0] ?? "";
}
