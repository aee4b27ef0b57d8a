import "@testing-library/jest-dom/vitest";
import { cleanup, configure } from "@testing-library/react";
import { afterEach } from "vitest";

configure({ asyncUtilTimeout: 10_000 }); // a busy machine takes its time, and dialogs are loaded when they are asked for
window.scrollTo = () => {}; // which jsdom has not, and the router calls
afterEach(cleanup);
