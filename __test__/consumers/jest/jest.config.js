module.exports = {
  rootDir: __dirname,
  testEnvironment: 'node',
  testMatch: ['<rootDir>/*.test.js'],
  transform: {},
  // One process, a new realm for each file: the addon has to work in more than one.
  maxWorkers: 1,
};
