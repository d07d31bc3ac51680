/** The page's entry. */

import { render } from "preact";
import "uplot/dist/uPlot.min.css";
import { Page } from "./components/Page";
import "./styles/base.css";
import "./styles/header.css";
import "./styles/board.css";
import "./styles/strip.css";
import "./styles/alerts.css";
import "./styles/cameras.css";
import "./styles/truth.css";
import "./styles/ask.css";

const place = document.getElementById("page");
if (place) render(<Page />, place);
