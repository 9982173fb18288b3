export * from './Emitter';
