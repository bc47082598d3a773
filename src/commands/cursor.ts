export const hideCursor = "\u001B[?25l";
export const showCursor = "\u001B[?25h";
