export * from './Emitter'; 
