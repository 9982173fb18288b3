//# sourceMappingURL=page.js.map
