// A file that cannot be loaded, so that there is an import error to ask for.
throw new Error('this file is broken on purpose');
